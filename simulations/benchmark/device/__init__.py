"""What a listener's device costs: importing, loading, recommending, encoding; each in a process of its own."""
