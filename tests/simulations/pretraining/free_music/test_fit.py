import pytest
import torch
from torch.distributions import Normal, kl_divergence

from shared_model.encoders.audio_vae import LATENT, AudioVAE, VaeShape
from shared_model.encoders.log_mel import MEL_BANDS, PATCH_FRAMES
from simulations.pretraining.free_music.fit import kl_nats, measure

SMALL = VaeShape(encoder=(8, 8, 8, 8), decoder=(8, 8, 8, 8), latent=6, pooled=False)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def striped(seed: int) -> torch.Tensor:
    """A spectrogram of a few steady bands: easy to learn, different from track to track."""
    rows = 2 * torch.randn(MEL_BANDS, 1, generator=seeded(seed)).sign()
    return (rows + 0.1 * torch.randn(MEL_BANDS, 150, generator=seeded(seed + 1000))).half()


def test_the_kl_is_the_closed_form() -> None:
    mean, log_variance = torch.randn(5, LATENT, generator=seeded()), torch.randn(5, LATENT, generator=seeded(1))
    theirs = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(kl_nats(mean, log_variance), theirs)


def test_a_vae_that_gives_back_the_mean_explains_nothing_and_costs_what_its_posterior_does() -> None:
    tracks = [striped(seed) for seed in range(6)]
    vae = AudioVAE(SMALL).eval()
    with torch.no_grad():
        for one in vae.parameters():
            one.zero_()
        mean = torch.cat([track[:, :PATCH_FRAMES].float() for track in tracks]).mean()
        vae.up[-1].bias.fill_(mean)
        vae.posterior.bias[:6] = 2.0
    fit = measure(vae, tracks)
    assert abs(fit.explained) < 0.05
    assert fit.kl_nats == pytest.approx(6 * 2.0)  # half the square of each mean, variance 1
    assert fit.active_units == 0


def test_tracks_that_are_all_alike_leave_no_unit_active() -> None:
    torch.manual_seed(0)
    assert measure(AudioVAE(SMALL), [torch.ones(MEL_BANDS, PATCH_FRAMES)] * 5).active_units == 0
