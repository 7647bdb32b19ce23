"""The coordinator's public log of rounds."""
