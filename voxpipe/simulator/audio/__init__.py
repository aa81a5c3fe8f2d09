"""Sound as the service handles it: the three formats of the wire, and G.711.

Written apart from the client's on purpose, as turn detection, playback and the reading
of messages are: what judges the client must not share its code.
"""
