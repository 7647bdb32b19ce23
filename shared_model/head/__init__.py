"""The attentive fusion head, the only trained part (after arXiv 2110.01001)."""
