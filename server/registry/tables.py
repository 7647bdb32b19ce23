"""The registry's tables. A label is the operator's own word for a device, and leaves this file for nobody."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table

REGISTRY = MetaData()

invitations = Table(
    "invitations",
    REGISTRY,
    Column("id", Integer, primary_key=True),
    Column("label", String, nullable=False),
    Column("secret_sha256", LargeBinary, nullable=False, unique=True),
    Column("made_at_s", Integer, nullable=False),
    Column("expires_at_s", Integer, nullable=False),
    Column("revoked_at_s", Integer),
    Index("by_label", "label"),
)

devices = Table(
    "devices",
    REGISTRY,
    Column("number", Integer, primary_key=True),  # of its registration; never given twice
    # one invitation is one device: the database itself holds to it
    Column("invitation_id", Integer, ForeignKey("invitations.id"), nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False, unique=True),  # DER
    Column("fingerprint", LargeBinary, nullable=False, unique=True),  # SHA-256 of it
    Column("joined_at_s", Integer, nullable=False),
    Column("revoked_at_s", Integer),
    sqlite_autoincrement=True,
)
