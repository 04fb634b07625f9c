"""What a store promises, on every database that the hub runs on."""
