"""What customers think of how they were helped."""
