"""The Realtime protocol as JSON: names, shapes, ids, and a session's configuration."""
