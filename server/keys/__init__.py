"""The coordinator's keys: a private authority, the server's certificate, and what signs log and releases."""
