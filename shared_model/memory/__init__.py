"""Memory paths: what follows what in public listening, and what this listener does; evidence for the fusion."""
