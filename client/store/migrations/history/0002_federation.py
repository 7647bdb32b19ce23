"""The federation that this device joined: what is pinned, its node key, and what it saw last."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "federation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("ca_pem", sa.String(), nullable=False),
        sa.Column("log_key", sa.String(), nullable=False),
        sa.Column("release_key", sa.String(), nullable=False),
        sa.Column("node_key", sa.LargeBinary(), nullable=False),
        sa.Column("registration_number", sa.Integer(), nullable=True),
        sa.Column("superlink_address", sa.String(), nullable=True),
        sa.Column("seen_size", sa.Integer(), nullable=False),
        sa.Column("seen_root", sa.LargeBinary(), nullable=False),
        sa.Column("seen_release", sa.Integer(), nullable=False),
        sa.Column("release_manifest", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
