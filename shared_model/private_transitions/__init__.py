"""What follows what in private listening: a bounded part of each device's, released with noise."""
