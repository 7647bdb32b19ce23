"""Secure aggregation: what a device and the coordinator say to each other so that only a noised sum is ever seen."""
