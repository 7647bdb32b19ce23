"""What to play next, from the release, the music on this device and what its listener played; without torch."""
