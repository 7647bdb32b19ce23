"""What of the federation's release is on this device, whole: its model, and its encoders."""

from pathlib import Path

from client.enrolment.cache import FOLDER, Cache
from client.enrolment.pins import read_pins
from client.profile import Profile
from shared_model.wire.release_manifest import Part, ReleaseFile, open_manifest


def held_model(profile: Profile) -> Path | None:
    """The file of the newest model that was fetched; None outside of a federation, or where it brings none."""
    return next(iter(_held(profile, Part.MODEL)), None)


def held_start(profile: Profile, sha256: str) -> Path | None:
    """The file with that hash, where the federation released it: what its rounds train from."""
    files = (*_held(profile, Part.MODEL), *_held(profile, Part.START))
    return next((path for path in files if path.name == sha256), None)


def held_audio_encoder(profile: Profile) -> Path | None:
    """Weights, None where none were fetched."""
    return next(iter(_held(profile, Part.AUDIO_ENCODER)), None)


def held_lyrics_encoder(profile: Profile) -> Path | None:
    """A Hugging Face folder, None where none was fetched."""
    files = _named(profile, Part.LYRICS_ENCODER)
    return _cache(profile).folder_of(files) if files else None


def _held(profile: Profile, part: Part) -> list[Path]:
    return [_cache(profile).path_of(file) for file in _named(profile, part)]


def _named(profile: Profile, part: Part) -> tuple[ReleaseFile, ...]:
    """All of them, or none where one is missing."""
    pins = read_pins(profile.history)
    if pins is None or pins.release_manifest is None:
        return ()
    files = open_manifest(pins.release_manifest, pins.release_verifier).of(part)
    return files if all(_cache(profile).has(file) for file in files) else ()


def _cache(profile: Profile) -> Cache:
    return Cache(profile.folder / FOLDER)
