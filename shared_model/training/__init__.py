"""The local update: what one client computes in one round."""
