"""A device's node in a deployed federation: Flower's SuperNode carries messages, code of this installation answers."""
