"""The verbs of `sottovoce-server`. Heavy imports wait until a verb needs them."""
