"""The owner's own music: what files there are, whose they are, and their vectors."""
