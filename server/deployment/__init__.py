"""Rounds of a deployed federation: Flower's SuperLink carries messages, `server.round` does the arithmetic."""
