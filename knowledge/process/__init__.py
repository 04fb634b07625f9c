"""The process that holds the model and the index, and the two ends of the pipe to it."""
