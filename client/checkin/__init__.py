"""Check-ins: how a listener says they are, and what the model may see of it. Answers have a database of their own."""
