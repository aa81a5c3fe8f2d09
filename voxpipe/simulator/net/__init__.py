"""The simulator's one port, HTTP and WebSockets, and who drives a session over it."""
