"""Voice pipelines around gpt-realtime: typed boxes joined by bounded queues."""

__version__ = "0.1.0"
