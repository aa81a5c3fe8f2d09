"""The `voxpipe` command."""
