"""Catalogues and listening histories to simulate with."""
