"""Which parts of a release this device fetches: encoders are large, and most devices have some."""

from collections.abc import Collection

from client.music_library.encoder_settings import EncoderSettings
from client.music_library.installed import is_installed
from shared_model.wire.release_manifest import Part


def wanted_parts(settings: EncoderSettings) -> Collection[Part]:
    """Encoders where they are asked for, or where this device has none of its own."""
    wanted = set(Part)
    if settings.lyrics is not None or (is_installed() and not settings.from_release):
        wanted.remove(Part.LYRICS_ENCODER)
    if settings.audio is not None or not settings.from_release:
        wanted.remove(Part.AUDIO_ENCODER)
    return wanted
