"""What joins a protocol to its socket, its ports and the clock."""
