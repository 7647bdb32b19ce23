"""The books, as pure functions: the device's ledger and the public round log. No clock, no network, no disk."""
