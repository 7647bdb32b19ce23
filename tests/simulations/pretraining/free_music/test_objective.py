import numpy as np
import pytest
import torch

from shared_model.encoders.audio_vae import AudioVAE, VaeShape
from shared_model.encoders.log_mel import MEL_BANDS, PATCH_FRAMES
from simulations.pretraining.free_music.draw import PATCHES, Batch
from simulations.pretraining.free_music.objective import CONTRAST_NATS, TEMPERATURE, contrast, losses

SMALL = VaeShape(encoder=(8, 8, 8, 8), decoder=(8, 8, 8, 8), latent=6, pooled=True)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def slow_contrast(vectors: np.ndarray) -> float:
    """NT-Xent, excerpt by excerpt."""
    rows = [(track, excerpt) for track in range(len(vectors)) for excerpt in range(2)]
    mean = vectors.reshape(-1, vectors.shape[2]).mean(axis=0)
    unit = {row: (vectors[row] - mean) / np.linalg.norm(vectors[row] - mean) for row in rows}
    found = []
    for track, excerpt in rows:
        own = np.exp(unit[track, excerpt] @ unit[track, 1 - excerpt] / TEMPERATURE)
        all_others = sum(
            np.exp(unit[track, excerpt] @ unit[row] / TEMPERATURE) for row in rows if row != (track, excerpt)
        )
        found.append(-np.log(own / all_others))
    return float(np.mean(found))


def test_the_contrast_agrees_with_a_slow_reference() -> None:
    vectors = torch.randn(5, 2, 7, generator=seeded(), dtype=torch.float64)
    assert float(contrast(vectors)) == pytest.approx(slow_contrast(vectors.numpy()))


def test_excerpts_that_agree_within_a_track_and_differ_between_tracks_cost_nothing() -> None:
    one = torch.eye(4)
    assert float(contrast(torch.stack([one, one], dim=1))) < 0.01
    assert float(contrast(torch.stack([one, one.roll(1, dims=0)], dim=1))) > 5


def test_the_decoder_is_asked_for_the_clean_patch_and_the_encoder_hears_the_other() -> None:
    torch.manual_seed(0)
    vae = AudioVAE(SMALL)
    heard, clean = (torch.randn(3, 2, PATCHES, MEL_BANDS, PATCH_FRAMES, generator=seeded(seed)) for seed in (1, 2))
    with torch.no_grad():
        found = losses(vae, Batch(heard=heard, clean=clean), generator=seeded(3))
        of_other_target = losses(vae, Batch(heard=heard, clean=clean + 1), generator=seeded(3))
        of_other_sound = losses(vae, Batch(heard=heard.flip(4), clean=clean), generator=seeded(3))
        total = found.total(beta=0.25)
    assert of_other_target.error != found.error
    assert of_other_target.kl == found.kl
    assert of_other_target.contrast == found.contrast
    assert of_other_sound.kl != found.kl
    torch.testing.assert_close(total, found.error + 0.25 * found.kl + CONTRAST_NATS * found.contrast)


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    vae = AudioVAE(SMALL)
    heard = torch.randn(3, 2, PATCHES, MEL_BANDS, PATCH_FRAMES, generator=seeded())
    losses(vae, Batch(heard=heard, clean=heard), generator=seeded(1)).total(beta=1.0).backward()
    for name, parameter in vae.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name
