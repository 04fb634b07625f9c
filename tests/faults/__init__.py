"""What the hub does when it is killed, frozen or cut off from its database. See docs/reference/faults.md."""
