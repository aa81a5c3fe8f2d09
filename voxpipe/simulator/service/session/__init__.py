"""What all parts of a session share: its state, its output, what it has spoken."""
