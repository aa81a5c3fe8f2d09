"""The `voxpipe` command: demo, simulate, serve."""
