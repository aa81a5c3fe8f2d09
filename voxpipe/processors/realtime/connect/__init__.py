"""The way to the service: which host, as whom, over which socket."""
