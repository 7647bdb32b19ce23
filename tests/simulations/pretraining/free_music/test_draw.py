import math

import numpy as np
import pytest
import torch

from shared_model.encoders.log_mel import LOG_DEVIATION, LOG_MEAN, MEL_BANDS, PATCH_FRAMES, POWER_FLOOR
from simulations.pretraining.free_music import draw
from simulations.pretraining.free_music.draw import EXCERPT_FRAMES, PATCHES, Source, draw_batch

FRAMES = 4000


def numbered(frames: int = FRAMES) -> np.ndarray:
    """Every frame tells its own number, in all bands alike, in thousandths."""
    return np.repeat((np.arange(frames) / 1000)[:, None], MEL_BANDS, axis=1).astype(np.float16)


def source(**others: object) -> Source:
    return Source(**{"clean": numbered(), "parts": (), **others})


def test_a_batch_has_two_excerpts_of_so_many_tracks_of_each_kind() -> None:
    batch = draw_batch([([source()] * 5, 3), ([source()] * 2, 2)], np.random.default_rng(0))
    assert batch.heard.shape == batch.clean.shape == (5, 2, PATCHES, MEL_BANDS, PATCH_FRAMES)
    assert torch.isfinite(batch.heard).all()


def test_the_same_generator_draws_the_same_batch() -> None:
    kinds = [([source(), source(clean=numbered(900))], 1)]
    one, two, other = (draw_batch(kinds, np.random.default_rng([1, step])) for step in (4, 4, 5))
    assert torch.equal(one.heard, two.heard)
    assert not torch.equal(one.heard, other.heard)


def test_an_excerpts_patches_lie_within_fifteen_seconds_and_excerpts_all_over_the_track() -> None:
    batch = draw_batch([([source()] * 60, 60)], np.random.default_rng(0))
    moments = batch.clean[:, :, :, 0]  # (N, 2, W, P)
    assert (1000 * (moments.amax(dim=(2, 3)) - moments.amin(dim=(2, 3)))).max() < EXCERPT_FRAMES + 4
    assert moments.amin() < 0.5
    assert moments.amax() > FRAMES / 1000 - 0.5


def test_stretching_is_the_same_in_both_excerpts_and_within_its_limit() -> None:
    batch = draw_batch([([source()] * 60, 60)], np.random.default_rng(1))
    spans = 1000 * (batch.clean[:, :, 0, 0, -1] - batch.clean[:, :, 0, 0, 0]) / (PATCH_FRAMES - 1)  # (N, 2)
    assert (spans[:, 0] - spans[:, 1]).abs().max() < 0.06  # half precision rounds
    assert spans.max() <= draw.LARGEST_STRETCH + 0.06
    assert spans.min() >= 1 / draw.LARGEST_STRETCH - 0.06
    assert 0.3 < ((spans[:, 0] - 1).abs() < 0.02).float().mean() < 0.8


def test_a_degraded_part_is_heard_where_the_decoder_is_asked_for_its_clean_half() -> None:
    clean = numbered(EXCERPT_FRAMES)
    part = np.stack([clean, clean + np.float16(8)])
    batch = draw_batch([([source(clean=clean, parts=(part,))] * 60, 60)], np.random.default_rng(2))
    assert batch.clean.max() < 1
    lossy = batch.heard.amin(dim=(2, 3, 4)) > 4
    narrowed = batch.heard[..., -1, :].amax(dim=(2, 3)) < 0  # nothing is left of the highest band
    share = (lossy | (narrowed & (batch.heard.amax(dim=(2, 3, 4)) > 4))).float().mean()
    assert 0.2 < share < 0.6


def test_gain_is_a_factor_of_the_power_and_a_narrow_recording_keeps_only_the_floor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(draw, "TILT_DEVIATION_DB", 0.0)
    monkeypatch.setattr(draw, "GAIN_DEVIATION_DB", 3.0)
    batch = draw_batch([([source()] * 60, 60)], np.random.default_rng(3))
    silent = (math.log(POWER_FLOOR) - LOG_MEAN) / LOG_DEVIATION
    power, heard = (
        torch.exp(one * LOG_DEVIATION + LOG_MEAN) - POWER_FLOOR for one in (batch.clean.double(), batch.heard.double())
    )
    factors = heard / power
    lowest = factors[..., 0, 0]
    torch.testing.assert_close(
        factors[:, :, :, : draw.LOWEST_LIMIT].amax(dim=(2, 3, 4)), lowest.amax(dim=2), rtol=1e-2, atol=0
    )
    assert 1 < (10 * torch.log10(lowest[:, :, 0])).std() < 5
    narrow = batch.heard[..., -1, :].amax(dim=(2, 3)) < silent + 1e-3
    assert 0.05 < narrow.float().mean() < 0.3
