"""Child processes that read what strangers wrote and can reach nothing else."""
