import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from shared_model.encoders.audio_vae import (
    LATENT,
    WEIGHTS,
    AudioEncoder,
    AudioVAE,
    VaeShape,
    name_of,
    shape_of,
)
from shared_model.encoders.log_mel import MEL_BANDS, PATCH_FRAMES, log_mel, spread_patches
from shared_model.errors import BadInput
from simulations.pretraining.clips import read_clip

FIXTURES = Path(__file__).with_name("fixtures")
CLIPS = ("chord", "drum", "glide")
PLAIN = VaeShape(encoder=(16, 32, 64, 96), decoder=(16, 32, 64, 96), latent=64, pooled=False)


@pytest.fixture(scope="module")
def encoder() -> AudioEncoder:
    return AudioEncoder()


def cosine(left: np.ndarray, right: np.ndarray) -> float:
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


def encode(encoder: AudioEncoder, waveform: torch.Tensor, sample_rate_hz: int) -> np.ndarray:
    vector = encoder.encode(waveform, sample_rate_hz)
    assert vector is not None
    return vector


@pytest.mark.parametrize("name", CLIPS)
def test_three_synthesised_clips_agree_with_the_vectors_stored_for_them(encoder: AudioEncoder, name: str) -> None:
    stored = load_file(FIXTURES / "expected.safetensors")
    vector = encode(encoder, *read_clip(FIXTURES / f"{name}.flac"))
    assert vector.shape == (LATENT,)
    assert vector.dtype == np.float32
    assert cosine(vector, stored[name]) > 0.999
    assert all(cosine(vector, stored[other]) < 0.9 for other in CLIPS if other != name)


def test_the_same_sound_gives_the_same_vector_whatever_was_encoded_before(encoder: AudioEncoder) -> None:
    clip = read_clip(FIXTURES / "drum.flac")
    first = encode(encoder, *clip)
    encode(encoder, *read_clip(FIXTURES / "chord.flac"))
    torch.manual_seed(5)
    np.testing.assert_array_equal(encode(encoder, *clip), first)


def test_a_track_is_the_mean_of_its_patches(encoder: AudioEncoder) -> None:
    noise = torch.randn(31_000, generator=torch.Generator().manual_seed(1))
    assert cosine(encode(encoder, noise, 16_000), encode(encoder, noise.repeat(3), 16_000)) > 0.99


def test_the_level_changes_nothing(encoder: AudioEncoder) -> None:
    waveform, sample_rate_hz = read_clip(FIXTURES / "chord.flac")
    quiet = encode(encoder, waveform * 0.05, sample_rate_hz)
    assert cosine(quiet, encode(encoder, waveform, sample_rate_hz)) > 0.9999


def test_a_tenth_of_a_second_is_enough(encoder: AudioEncoder) -> None:
    waveform, sample_rate_hz = read_clip(FIXTURES / "drum.flac")
    assert np.isfinite(encode(encoder, waveform[: sample_rate_hz // 10], sample_rate_hz)).all()


def test_silence_has_no_vector(encoder: AudioEncoder) -> None:
    assert encoder.encode(torch.zeros(48_000), 48_000) is None


def test_nan_is_refused(encoder: AudioEncoder) -> None:
    with pytest.raises(BadInput, match="NaN"):
        encoder.encode(torch.full((16_000,), torch.nan), 16_000)


def test_a_wrong_sample_rate_is_another_sound(encoder: AudioEncoder) -> None:
    waveform, sample_rate_hz = read_clip(FIXTURES / "glide.flac")
    right = encode(encoder, waveform, sample_rate_hz)
    assert cosine(right, encode(encoder, waveform, 2 * sample_rate_hz)) < 0.98


def test_a_recording_of_less_than_a_minute_read_in_parts_has_exactly_the_vector_of_the_whole(
    encoder: AudioEncoder,
) -> None:
    waveform, rate_hz = read_clip(FIXTURES / "drum.flac")
    in_parts = encoder.encode_parts(
        lambda begin, end: waveform[begin:end], samples=len(waveform), sample_rate_hz=rate_hz
    )
    np.testing.assert_array_equal(in_parts, encode(encoder, waveform, rate_hz))


def test_a_long_recording_read_in_parts_has_the_vector_of_the_whole(encoder: AudioEncoder) -> None:
    waveform, rate_hz = read_clip(FIXTURES / "drum.flac")
    long, longest = waveform.repeat(60), 0

    def read(begin: int, end: int) -> torch.Tensor:
        nonlocal longest
        longest = max(longest, end - begin)
        return long[begin:end]

    in_parts = encoder.encode_parts(read, samples=len(long), sample_rate_hz=rate_hz)
    assert in_parts is not None
    assert cosine(in_parts, encode(encoder, long, rate_hz)) > 0.9999
    assert longest < 2.1 * rate_hz


def test_the_encoder_needs_no_torchaudio() -> None:
    program = (
        "import sys, torch; sys.modules['torchaudio'] = None\n"
        "from shared_model.encoders.audio_vae import AudioEncoder\n"
        "assert AudioEncoder().encode(torch.randn(44100), 44100) is not None"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_its_name_says_which_weights(encoder: AudioEncoder) -> None:
    assert encoder.name == f"audio_vae sha256:{encoder.weights_sha256}"


def test_no_patch_of_a_batch_is_mixed_with_another() -> None:
    torch.manual_seed(0)
    vae = AudioVAE(PLAIN).eval()
    patches = torch.randn(3, MEL_BANDS, PATCH_FRAMES)
    together = vae.decode(vae.encode(patches)[0])
    assert together.shape == patches.shape
    for row, patch in enumerate(patches):
        torch.testing.assert_close(vae.decode(vae.encode(patch[None])[0])[0], together[row], atol=1e-5, rtol=1e-5)


def test_truncated_foreign_and_absent_weights_are_refused(tmp_path: Path) -> None:
    truncated, foreign = tmp_path / "truncated.safetensors", tmp_path / "foreign.safetensors"
    truncated.write_bytes(WEIGHTS.read_bytes()[:-100])
    save_file({"down.0.weight": np.zeros((2, 2), dtype=np.float32)}, foreign)
    for path in (truncated, foreign):
        with pytest.raises(BadInput, match="is truncated or holds another model"):
            AudioEncoder(path)
    with pytest.raises(BadInput, match="cannot read"):
        AudioEncoder(tmp_path / "absent.safetensors")


def test_weights_name_their_encoder_before_it_is_made(encoder: AudioEncoder, tmp_path: Path) -> None:
    assert name_of(WEIGHTS) == encoder.name
    with pytest.raises(BadInput, match="cannot read"):
        name_of(tmp_path / "absent.safetensors")


def test_weights_of_another_shape_say_so_themselves(tmp_path: Path) -> None:
    torch.manual_seed(0)
    shape = VaeShape(encoder=(8, 16, 24, 32), decoder=(8, 8, 16, 24), latent=10, pooled=True, moments=True)
    vae = AudioVAE(shape).eval()
    assert shape_of(vae.state_dict()) == shape
    assert shape_of(AudioVAE(PLAIN).state_dict()) == PLAIN
    path = tmp_path / "pooled.safetensors"
    save_file({name: tensor.numpy() for name, tensor in vae.state_dict().items()}, path)
    sound = torch.randn(80_000, generator=torch.Generator().manual_seed(2))
    vector = encode(AudioEncoder(path), sound, 16_000)
    assert vector.shape == (LATENT,)
    spectrogram = log_mel(sound, 16_000)
    assert spectrogram is not None
    patches = spread_patches(spectrogram, at_most=32)
    means = vae.encode(patches)[0].detach().numpy()
    deviations = np.sqrt(means.var(axis=0) + 1e-4)
    bands = np.concatenate(list(patches.numpy()), axis=1)
    weights = {name: tensor.numpy() for name, tensor in vae.state_dict().items()}
    expected = weights["pooling.weight"] @ np.concatenate([means.mean(axis=0), deviations])
    expected = expected + weights["moments.weight"] @ np.concatenate([bands.mean(axis=1), bands.var(axis=1)])
    np.testing.assert_allclose(vector, expected, atol=1e-5)


def test_one_patch_is_enough_to_pool() -> None:
    torch.manual_seed(0)
    vae = AudioVAE(VaeShape(encoder=(8, 8, 8, 8), decoder=(8, 8, 8, 8), latent=4, pooled=True))
    pooled = vae.pool(torch.randn(3, 1, 4, requires_grad=True), torch.randn(3, 1, MEL_BANDS, PATCH_FRAMES))
    assert pooled.shape == (3, LATENT)
    pooled.sum().backward()
    assert all(torch.isfinite(one.grad).all() for one in vae.parameters() if one.grad is not None)
