"""Freely licensed music of Debian's packages: fetched by name, decoded once, for the audio VAE and its proof."""
