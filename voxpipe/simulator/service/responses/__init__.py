"""Responses: what is said, and how it comes out, delta by delta."""
