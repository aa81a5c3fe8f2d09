"""Translation sessions: what is said comes out in another language, without turns."""
