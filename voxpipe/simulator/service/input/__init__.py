"""The caller's audio: buffer, voice activity, transcripts."""
