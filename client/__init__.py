"""Everything that runs on the listener's device."""
