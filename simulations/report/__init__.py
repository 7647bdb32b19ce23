"""What a run leaves for people: the table, the page, the scalars."""
