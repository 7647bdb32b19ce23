"""What the device keeps, encrypted: plays, the music library, consents, check-ins, the personal head."""
