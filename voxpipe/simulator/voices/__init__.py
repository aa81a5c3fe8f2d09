"""What turns the simulated model's words into sound."""
