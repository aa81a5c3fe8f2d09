"""Sound as the simulator handles it; nothing of it is shared with the client."""
