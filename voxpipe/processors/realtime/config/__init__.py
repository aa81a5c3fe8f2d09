"""What a session can be asked for, checked before anything is sent."""
