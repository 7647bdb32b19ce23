"""Invented listeners over a catalogue of facts: taste, mood, check-ins, sessions and the plays that follow.

Documented in docs/simulated-listeners.md. Nothing in here sees a vector of the catalogue.
"""
