"""What an auditor runs: no torch, no clock, no network, and a start in well under a second."""
