"""What this device answers on 127.0.0.1 alone: the listener's page, and players that scrobble."""
