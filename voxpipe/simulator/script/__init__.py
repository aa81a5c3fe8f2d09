"""What the simulated model says and calls, and what goes wrong."""
