"""Release 0 as it ships to devices: head, catalogue and public statistics in one file that is read without torch."""
