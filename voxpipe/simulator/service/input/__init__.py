"""What the caller says: the input audio buffer, turn detection, transcription."""
