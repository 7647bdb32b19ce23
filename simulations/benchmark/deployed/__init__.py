"""What a deployed federation costs: rounds, bytes, and the server's memory."""
