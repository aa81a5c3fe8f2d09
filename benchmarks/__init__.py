"""One command for each promise; see README.md beside this file."""
