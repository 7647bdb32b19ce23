"""What a securely aggregated round costs device and coordinator, beside Flower's SecAgg+."""
