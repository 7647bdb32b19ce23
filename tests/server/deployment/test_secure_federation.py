"""Four devices over TLS in rounds with distributed trust, one of them killed between its keys and its masked vector."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from server import checkpoint
from server.deployment import superlink
from server.round import RoundState
from shared_model.auditing.verify import verify_round_log
from shared_model.books.entries import Debit
from shared_model.books.round_log import Intent, Outcome, Result
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.spent import Trust
from shared_model.secagg.encoding import QUALITY_GROUPS, SumEncoding, add_modulo, decode, rotation_seed
from shared_model.secagg.packing import pack
from tests.client.conftest import PASSPHRASE
from tests.server.deployment.federation import Device, Federation, plan, processes_of

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.enable_socket]
RECORDER = "tests.server.deployment.recording_superlink"
ROUND_S = 60.0


def distributed(**changes: object) -> PrivacyPlan:
    values = {"population": 4, "cohort": 4, "minimum_cohort": 3, "honest": 3, "rounds": 40, "max_participations": 99}
    shares = {"trust": Trust.DISTRIBUTED, "mechanism": Mechanism.SKELLAM, "noise_multiplier": 6.0}
    return plan(**(values | shares | changes))


@pytest.fixture(scope="module")
def federation() -> Iterator[Federation]:
    with tempfile.TemporaryDirectory(prefix="s-") as name, pytest.MonkeyPatch.context() as patch:
        root = Path(name)
        for kind in ("STATE", "CACHE", "DATA", "CONFIG"):
            patch.setenv(f"XDG_{kind}_HOME", str(root / "home" / kind))
        patch.setenv("HOME", str(root / "home"))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        patch.setenv("SOTTOVOCE_PASSPHRASE", PASSPHRASE)
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("SOTTOVOCE_RECORDING", str(root / "recording"))
        stock = superlink.command
        patch.setattr(superlink, "command", lambda place: [sys.executable, "-m", RECORDER, *stock(place)[3:]])
        made = Federation.begin(root / "s", distributed(evaluation_share=0.2), round_s=ROUND_S)
        try:
            for _ in range(4):
                device = made.enrol()
                device.told["record"] = str(device.folder)
            for device in made.devices:
                device.start()
            made.run()
            yield made
        finally:
            made.end()
        made.wait_for(lambda: processes_of(made.place.home) == [])


def state_after(federation: Federation, number: int) -> RoundState:
    return checkpoint.load(checkpoint.path(federation.training / "rounds", number))


def in_sum(device: Device, number: int) -> dict[str, np.ndarray]:
    with np.load(device.folder / f"{number}.npz") as recorded:
        return dict(recorded)


def decoded(federation: Federation, number: int, devices: list[Device]) -> tuple[np.ndarray, SumEncoding]:
    """The sum of what those devices added, as they recorded it, quality behind it."""
    before = state_after(federation, number - 1).vector.numpy()
    encoding = SumEncoding.of(federation.deployment.plan, size=len(before))
    vectors = np.stack([in_sum(device, number)["vector"] for device in devices])
    total = add_modulo(vectors, bits=encoding.modulus_bits)
    return decode(total[None], encoding=encoding, seed=rotation_seed(number, before))[0], encoding


def released(federation: Federation, number: int) -> np.ndarray:
    """The noised sum that the coordinator stepped by, without momentum its velocity is the mean, and the quality that
    it wrote down."""
    state, plan = state_after(federation, number), federation.deployment.plan
    return np.concatenate(
        [state.velocity.numpy() * plan.cohort, np.array(state.records[-1].quality) * plan.quality_norm]
    )


def rounds_with(federation: Federation, answers: int, *, after: int = 0) -> list[int]:
    state = federation.state()
    records = state.records if state else ()
    return [record.round for record in records if record.round > after and record.answered == answers]


def test_the_sum_of_four_is_exactly_what_they_added(federation: Federation) -> None:
    federation.wait_for(lambda: rounds_with(federation, 4) != [], within_s=240)
    number = rounds_with(federation, 4)[0]
    total, _ = decoded(federation, number, federation.devices)
    assert len(total) == len(state_after(federation, 0).vector) + 3 * len(QUALITY_GROUPS)
    assert np.allclose(released(federation, number), total, rtol=1e-6, atol=1e-9)  # the step is float32
    (intent,) = [leaf for leaf in federation.leaves() if isinstance(leaf, Intent) and leaf.round == number]
    assert intent.secagg is not None
    assert (intent.secagg.cohort, intent.secagg.threshold, intent.secagg.honest) == (4, 3, 3)
    assert intent.registry_root is not None
    assert intent.evaluation_share == 0.2


def test_one_killed_between_keys_and_masks_is_left_out_and_the_sum_is_right(federation: Federation) -> None:
    killed, others = federation.devices[3], federation.devices[:3]
    killed.pause("keys")
    federation.wait_for(killed.has_reached_it, within_s=240)
    killed.kill(signal.SIGKILL)
    (*_, last) = [leaf.round for leaf in federation.leaves() if isinstance(leaf, Intent)]
    federation.wait_for(lambda: (state := federation.state()) is not None and state.round >= last, within_s=240)
    assert rounds_with(federation, 3, after=last - 1)[0] == last
    total, encoding = decoded(federation, last, others)
    # the coordinator tops up the one share of noise that is missing, and nothing else
    difference = released(federation, last) - total
    share = np.sqrt(encoding.share_variance) / encoding.scale
    assert difference.std() == pytest.approx(share, rel=0.1)
    assert abs(difference.mean()) < 6 * share / np.sqrt(len(difference))
    outcomes = {leaf.round: leaf.result for leaf in federation.leaves() if isinstance(leaf, Outcome)}
    assert outcomes[last] is Result.RELEASED
    # its update was paid for before it was made
    killed.go_on()
    assert last in [entry.round for entry in killed.entries() if isinstance(entry, Debit)]
    federation.wait_for(lambda: processes_of(killed.folder / "flower") == [])
    killed.start()
    federation.wait_for(lambda: rounds_with(federation, 4, after=last) != [], within_s=240)  # it is back


def test_no_update_in_clear_was_sent_by_anyone(federation: Federation) -> None:
    federation.rest()
    sent = (federation.root.parent / "recording").read_bytes()
    assert b"secagg" in sent  # so that it is no wonder that the rest is not
    assert b"NUMPY" not in sent
    encoding = SumEncoding.of(federation.deployment.plan, size=len(state_after(federation, 0).vector))
    found = 0
    for device in federation.devices:
        for file in device.folder.glob("*.npz"):
            recorded = in_sum(device, int(file.stem))
            plain = [recorded["update"].astype("<f4"), recorded["update"].astype("<f8"), recorded["vector"]]
            spelled = [numbers.tobytes() for numbers in plain] + [pack(recorded["vector"], bits=encoding.modulus_bits)]
            for content in spelled:
                middles = [content[start : start + 16] for start in range(0, len(content) - 16, 16)]
                assert not any(piece in sent for piece in middles[::97] if any(piece))
            found += 1
    assert found >= 8


def test_the_books_agree_when_all_is_over(federation: Federation) -> None:
    federation.end()
    result = verify_round_log(federation.root / "log", key=federation.deployment.signer().verifier)
    assert result.ok, result.findings
    for device in federation.devices:
        assert {entry.trust for entry in device.entries() if isinstance(entry, Debit)} == {Trust.DISTRIBUTED}
