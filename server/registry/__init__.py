"""Who may take part: invitations, and the devices that redeemed them."""
