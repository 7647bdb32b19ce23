"""The tables of the two databases. What a mood answer is lives in a database, and under a key, of its own.

Migrations make them (`client/store/migrations`); a test holds both to the same.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

HISTORY = MetaData()
MOOD = MetaData()

imports = Table(
    "imports",
    HISTORY,
    Column("id", Integer, primary_key=True),
    Column("format", String, nullable=False),
    Column("file_name", String, nullable=False),
    Column("started_at_s", Integer, nullable=False),
    Column("finished_at_s", Integer),  # null: it was killed; the same command goes on
    Column("counts", String),  # JSON: imported, duplicate, skipped by reason, malformed
)

recordings = Table(
    "recordings",
    HISTORY,
    Column("id", Integer, primary_key=True),
    Column("identity", String, nullable=False, unique=True),  # shared_model.listen.identity_of
    Column("artist", String, nullable=False),
    Column("title", String, nullable=False),
    Column("album", String),
    Column("recording_mbid", String),
    Column("isrc", String),
    Column("duration_ms", Integer),
)

listens = Table(
    "listens",
    HISTORY,
    Column("id", Integer, primary_key=True),
    Column("recording_id", Integer, ForeignKey("recordings.id"), nullable=False),
    Column("started_at_s", Integer, nullable=False),
    Column("played_ms", Integer),
    Column("skipped", Boolean),
    Column("import_id", Integer, ForeignKey("imports.id")),  # null: scrobbled live
    UniqueConstraint("recording_id", "started_at_s", name="one_start"),
    Index("by_start", "started_at_s"),
)

library_tracks = Table(
    "library_tracks",
    HISTORY,
    Column("id", Integer, primary_key=True),
    Column("path", String, nullable=False, unique=True),  # absolute
    Column("size_bytes", Integer, nullable=False),
    Column("modified_ns", Integer, nullable=False),
    Column("content_sha256", String),  # of the file; null where it could not be read
    Column("lyrics_sha256", String),  # of the text that was encoded; null: no lyrics
    Column("artist", String, nullable=False),
    Column("title", String, nullable=False),
    Column("album", String),
    Column("recording_mbid", String),
    Column("isrc", String),
    Column("duration_ms", Integer),
    Column("fault", String),  # why the file gave no audio vector, in words; null: it did, or was not asked to
    Column("lyrics_language", String),  # ISO 639-1; null: not sure, or no lyrics
)

vectors = Table(
    "vectors",
    HISTORY,
    # of the audio file, or of the lyrics' text: the same content is encoded once, wherever it lies
    Column("content_sha256", String, nullable=False),
    Column("encoder", String, nullable=False),  # name and version: another encoder's vectors are another space
    Column("modality", String, nullable=False),
    Column("vector", LargeBinary),  # little-endian float32, as encoded, not centred; null: nothing there to encode
    PrimaryKeyConstraint("content_sha256", "encoder", name="one_vector"),
)

consent_receipts = Table(
    "consent_receipts",
    HISTORY,
    Column("id", Integer, primary_key=True),
    Column("purpose", String, nullable=False),
    Column("granted", Boolean, nullable=False),  # false: withdrawn
    Column("wording_version", Integer, nullable=False),
    Column("wording_sha256", String, nullable=False),
    Column("at_s", Integer, nullable=False),
)

personal_heads = Table(
    "personal_heads",
    HISTORY,
    Column("id", Integer, primary_key=True),
    Column("release_sha256", String, nullable=False),  # of the release that it was tuned from
    Column("made_at_s", Integer, nullable=False),
    Column("tensors", LargeBinary, nullable=False),  # safetensors
    Column("evaluation", String, nullable=False),  # JSON: before and after, on the listener's own last plays
    Column("in_use", Boolean, nullable=False),
)

federation = Table(
    "federation",
    HISTORY,
    Column("id", Integer, primary_key=True),  # 1: a device is in one federation at a time
    Column("name", String, nullable=False),
    Column("address", String, nullable=False),  # host:port of the distribution service
    Column("ca_pem", String, nullable=False),
    Column("log_key", String, nullable=False),  # vkey
    Column("release_key", String, nullable=False),  # vkey
    Column("node_key", LargeBinary, nullable=False),  # wrapped under the ledger's key, so that an export holds no key
    Column("registration_number", Integer),  # null: the coordinator has not answered yet
    Column("superlink_address", String),
    Column("seen_size", Integer, nullable=False),  # leaves of the round log
    Column("seen_root", LargeBinary, nullable=False),
    Column("seen_release", Integer, nullable=False),  # the highest number, 0 before the first
    Column("release_manifest", LargeBinary),  # the signed note of the release whose files are all here
)

feedback = Table(
    "feedback",
    HISTORY,
    Column("id", Integer, primary_key=True),
    Column("identity", String),  # as of recordings; null: a player told the recording_mbid alone, and no name is known
    Column("recording_mbid", String),
    Column("artist", String),
    Column("title", String),
    Column("said", String, nullable=False),  # love, hate, not_now
    Column("at_s", Integer, nullable=False),
)

waits = Table(
    "waits",
    HISTORY,
    Column("id", Integer, primary_key=True),
    Column("at_s", Integer, nullable=False),
    Column("job", String, nullable=False),
    Column("reason", String),  # null: it went ahead
)

sent_updates = Table(
    "sent_updates",
    HISTORY,
    Column("id", Integer, primary_key=True),
    Column("at_s", Integer, nullable=False),
    Column("run", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("numbers", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("clip_norm", Float, nullable=False),
    Column("noise_multiplier", Float, nullable=False),
    Column("trust", String, nullable=False),
    Column("own_noise", Float),  # null: the server was to add the noise
)

checkins = Table(
    "checkins",
    MOOD,
    Column("id", Integer, primary_key=True),
    Column("at_s", Integer, nullable=False),
    Column("instrument", String, nullable=False),
    Column("instrument_version", Integer, nullable=False),
    Column("score", Float),  # null: a question that it needs was skipped
    Index("by_time", "at_s"),
)

answers = Table(
    "answers",
    MOOD,
    Column("checkin_id", Integer, ForeignKey("checkins.id", ondelete="CASCADE"), nullable=False),
    Column("item", String, nullable=False),
    Column("value", Float),  # null: skipped
    PrimaryKeyConstraint("checkin_id", "item", name="one_answer"),
)
