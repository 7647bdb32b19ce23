import torch
from torch.distributions import Normal, kl_divergence

from shared_model.encoders.audio_vae import LATENT, AudioVAE
from shared_model.encoders.log_mel import MEL_BANDS, PATCH_FRAMES
from simulations.pretraining.spectrogram_corpus import Corpus
from simulations.pretraining.vae_training import kl_nats, measure, negative_elbo, train


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def striped(seed: int) -> torch.Tensor:
    """A spectrogram of a few steady bands: easy to learn, different from track to track."""
    rows = 2 * torch.randn(MEL_BANDS, 1, generator=seeded(seed)).sign()
    return (rows + 0.1 * torch.randn(MEL_BANDS, 150, generator=seeded(seed + 1000))).half()


def fitted(corpus: Corpus, *, batches: int, seed: int) -> AudioVAE:
    return train([corpus], epochs=1, batches=batches, generator=seeded(seed), epoch_finished=lambda _epoch, _loss: None)


def test_the_kl_is_the_closed_form() -> None:
    mean, log_variance = torch.randn(5, LATENT, generator=seeded()), torch.randn(5, LATENT, generator=seeded(1))
    theirs = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(kl_nats(mean, log_variance), theirs)


def test_beta_weighs_the_kl_alone() -> None:
    torch.manual_seed(0)
    vae, patches = AudioVAE(), torch.randn(4, MEL_BANDS, PATCH_FRAMES, generator=seeded())
    with torch.no_grad():
        losses = [negative_elbo(vae, patches, beta=beta, generator=seeded(2)) for beta in (0.0, 0.5, 1.0)]
        kl = kl_nats(*vae.encode(patches)).mean()
    torch.testing.assert_close(losses[1] - losses[0], 0.5 * kl, rtol=1e-2, atol=0.05)
    torch.testing.assert_close(losses[2] - losses[0], kl, rtol=1e-2, atol=0.05)


def test_training_explains_tracks_that_it_has_not_seen_better_than_no_training() -> None:
    tracks = [striped(seed % 3) for seed in range(9)]
    corpus = Corpus(training=tracks[:6], validation=tracks[6:], share=1.0)
    trained = fitted(corpus, batches=30, seed=1)
    torch.manual_seed(1)
    untrained = measure(AudioVAE(), corpus.validation)
    fit = measure(trained, corpus.validation)
    assert untrained.explained < 0.1 < 0.5 < fit.explained <= 1
    assert fit.kl_nats > 1


def test_the_same_seed_trains_the_same_weights() -> None:
    corpus = Corpus(training=[striped(0), striped(1)], validation=[striped(2)], share=0.1)
    one, two, other = (fitted(corpus, batches=3, seed=seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["posterior.weight"], other["posterior.weight"])


def test_tracks_that_are_all_alike_leave_no_unit_active() -> None:
    torch.manual_seed(0)
    assert measure(AudioVAE(), [torch.ones(MEL_BANDS, PATCH_FRAMES)] * 5).active_units == 0
