"""What the listener said of tracks: love, hate, not now. It stays on the device and changes what is recommended."""
