"""The language of a track's lyrics, beside their hash."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the column; the next scan fills it."""
    op.add_column("library_tracks", sa.Column("lyrics_language", sa.String(), nullable=True))
