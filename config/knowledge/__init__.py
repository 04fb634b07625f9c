"""From settings to the knowledge: its parts, its runs and its schedules."""
