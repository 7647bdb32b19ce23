"""Joining a federation: its invitation, this device's node key, what is pinned, and what is fetched."""
