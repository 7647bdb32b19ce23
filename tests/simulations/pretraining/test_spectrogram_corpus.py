from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from shared_model.encoders.log_mel import MEL_BANDS, PATCH_FRAMES
from shared_model.errors import BadInput
from simulations.pretraining.spectrogram_corpus import draw_patches, read_corpus


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pieces from two albums, and a silent one."""
    tone = 0.2 * np.sin(np.arange(60_000) / 9)
    for name in ("one__a", "one__b", "two__a"):
        soundfile.write(tmp_path / f"{name}.ogg", tone, 24_000, format="OGG", subtype="VORBIS")
    soundfile.write(tmp_path / "two__silent.ogg", 0 * tone, 24_000, format="OGG", subtype="VORBIS")
    return tmp_path


def test_patches_are_cut_from_within_the_tracks() -> None:
    track = torch.arange(PATCH_FRAMES + 2, dtype=torch.float16).repeat(MEL_BANDS, 1)
    starts = {int(patch[0, 0]) for patch in draw_patches([track], 100, seeded())}
    assert starts == {0, 1, 2}


def test_an_album_is_in_training_or_in_validation_and_never_in_both(folder: Path) -> None:
    sizes = set()
    for seed in range(10):
        corpus = read_corpus(folder.glob("*.ogg"), share=1.0, generator=seeded(seed))
        sizes.add((len(corpus.training), len(corpus.validation)))
    assert sizes == {(1, 2), (2, 1)}  # album one has two audible pieces, album two has one


def test_one_album_is_too_few(folder: Path) -> None:
    with pytest.raises(BadInput, match="fewer than two albums"):
        read_corpus(folder.glob("one__*.ogg"), share=1.0, generator=seeded())
