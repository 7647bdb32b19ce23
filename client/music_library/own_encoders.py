"""The encoders that this device reads its own library with: by its settings, of its packages, or of the federation."""

import platformdirs

from client.enrolment.held import held_audio_encoder, held_lyrics_encoder
from client.music_library.encode import Encoders, Released, find_encoders
from client.profile import Profile


def encoders_of(profile: Profile) -> Encoders:
    """As `find_encoders`, with whatever the federation's release brought here."""
    return find_encoders(
        profile.settings.encoders,
        cache=platformdirs.user_cache_path("sottovoce"),
        released=Released(lyrics=held_lyrics_encoder(profile), audio=held_audio_encoder(profile)),
    )
