"""How fast the in-process engine is, as ratios taken in one run."""
