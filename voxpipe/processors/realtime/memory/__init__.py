"""What the model remembers: changed, summarised, told to another session."""
