"""The device's keys: made here, wrapped twice, rotated, and the one of mood answers shredded when consent ends."""
