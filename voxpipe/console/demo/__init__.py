"""`voxpipe demo`: a whole call that can be heard, and a report of it."""
