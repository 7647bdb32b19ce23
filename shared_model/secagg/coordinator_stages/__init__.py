"""The coordinator's side of a round, stage after stage: what devices say at each, and what they are told at its end."""
