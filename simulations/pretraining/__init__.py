"""Release 0 and the audio encoder: what is trained on public data, in the clear."""
