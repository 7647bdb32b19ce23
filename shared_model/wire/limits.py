"""Bounds that both sides keep, whatever the other one sends."""

REQUEST_BYTES = 65_536
"""The longest message that a coordinator reads."""
REPLY_BYTES = 4_194_304
"""The longest message that a device reads."""
CHUNK_BYTES = 262_144
"""Of a file, in one message."""
NONCE_LIFE_S = 60.0
INVITATION_CHARACTERS = 16_384
FILES = 64
"""In one release."""
FILE_BYTES = 2**40
