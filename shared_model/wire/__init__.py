"""What device and coordinator say to each other: messages, stubs, and the signed texts that they carry."""
