"""The Realtime service without the network: messages and time in, events out."""
