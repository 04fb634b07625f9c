"""What a person does, from the outside: commands, a browser, real processes."""
