"""What devices fetch from the coordinator over gRPC: enrolment, releases, and proofs of the round log."""
