"""Calls over SIP and WebRTC: sessions whose audio goes to a caller, not to a client."""
