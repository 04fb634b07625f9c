"""From settings to the staff desk."""
