"""Importers: exports of other services in, listens in the encrypted history out. One file a format."""
