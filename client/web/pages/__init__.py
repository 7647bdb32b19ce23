"""The listener's page, a file each."""
