"""A deployed device's part in a round; how invitations arrive and answers leave is not known here."""
