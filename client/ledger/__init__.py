"""The device's durable count of the rounds that it took part in."""
