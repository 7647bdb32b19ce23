"""ListenBrainz' API as players speak it, and Web Scrobbler's webhook: plays go into this device's history alone."""
