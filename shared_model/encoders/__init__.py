"""The two frozen encoders: lyrics (a Transformer) and audio (a variational autoencoder)."""
