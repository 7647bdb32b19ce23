"""What clients and server must agree on: the model, the privacy arithmetic, the files. No clock, no network."""
