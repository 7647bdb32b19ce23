"""What private transitions are worth at each epsilon: the job behind docs/epsilon-table.md."""
