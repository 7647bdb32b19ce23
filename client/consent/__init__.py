"""Four separate choices, off until asked: receipts of what was agreed to, in which words, and when it ended."""
