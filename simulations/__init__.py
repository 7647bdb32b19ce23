"""The researcher's bench: federated rounds on one machine, from a catalogue to a report."""
