"""A device's side of a round, stage after stage. Each holds what the device knows at it, and no more: a secret that no
later stage needs is gone with the stage that used it."""
