"""What a test lets the simulated model say and call, and what it lets go wrong."""
