"""SIP without sockets and clocks: a user agent that is given messages and the time."""
