"""The outermost layer: reads the settings, builds the hub, and is the command line."""
