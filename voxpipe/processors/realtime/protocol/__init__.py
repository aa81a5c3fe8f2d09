"""The conversation without the network: no await, no clock, no socket."""
