"""What turns words into sound."""
