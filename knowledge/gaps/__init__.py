"""What the knowledge does not answer: questions that ask the same, found and shown as one."""
