"""Gates that try to refute a privacy claim by experiment: G0 on the mechanism, G1 on one whole run."""
