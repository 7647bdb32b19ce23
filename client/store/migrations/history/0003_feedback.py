"""What the listener said of tracks: love, hate, not now."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.String(), nullable=True),
        sa.Column("recording_mbid", sa.String(), nullable=True),
        sa.Column("artist", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("at_s", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
