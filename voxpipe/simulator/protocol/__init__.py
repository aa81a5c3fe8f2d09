"""Events as JSON: names, shapes, ids, and the session's configuration."""
