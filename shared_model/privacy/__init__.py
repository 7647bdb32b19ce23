"""Clipping, noise and accounting, driven by one plan."""
