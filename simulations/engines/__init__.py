"""Who carries the rounds of a simulated federation: one process, or Flower."""
