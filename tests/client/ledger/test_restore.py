"""A ledger that came from an old copy counts every logged round since its last checkpoint (privacy requirement 32)."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.ledger.ledger import create_ledger, open_ledger, restore
from client.ledger.mirror import FileMirror
from shared_model.books.entries import CheckpointSeen, Debit, Joined, Opened, Restored
from shared_model.books.ledger_law import participations
from shared_model.books.round_log import Intent, LoggedEpsilon
from shared_model.books.spending import spent
from shared_model.errors import BadInput, Refused
from shared_model.privacy.spent import Adversary, Relation, Sampling, Trust, Unit

ROOT = bytes(32)
LOG_KEY = hashlib.sha256(b"log").hexdigest()
EPSILON = LoggedEpsilon(
    epsilon=0.0,
    unit=Unit.DEVICE,
    relation=Relation.ADD_OR_REMOVE_ONE,
    adversary=Adversary.RELEASE_READER,
    trust=Trust.CENTRAL,
    accountant="PLD",
)


def intent(number):
    return Intent(
        run="run-1",
        round=number,
        model_sha256="00" * 32,
        code_sha256="00" * 32,
        mechanism="gaussian",
        noise_multiplier=1.0 + number / 100,
        clip_norm=1.0,
        planned_cohort=20,
        minimum_cohort=0,
        sample_rate=0.1,
        sampling=Sampling.POISSON,
        releases=1_000_000,
        delta=1e-5,
        epsilon_before=EPSILON,
        epsilon_after=replace(EPSILON, epsilon=1.0),
        weights="uniform",
        secagg=None,
        registry_root=None,
        learning_sha256=None,
    )


LOGGED = [(2 * number - 2, intent(number)) for number in range(1, 21)]
"""Each round has two leaves."""


@pytest.fixture
def device(tmp_path):
    made = {"path": tmp_path / "ledger.jsonl", "key": bytes(32), "mirror": FileMirror(tmp_path / "mirror")}
    begin(made)
    return made


def begin(device, key=LOG_KEY):
    device["path"].unlink(missing_ok=True)
    device["mirror"].path.unlink(missing_ok=True)
    create_ledger(opened=Opened(device_cap=None, delta=1e-5, max_participations=99), **device)
    if key is not None:
        with open_ledger(**device) as ledger:
            ledger.append(Joined(log_key_sha256=key))


def take_part(device, number):
    with open_ledger(**device) as ledger:
        ledger.debit(
            Debit(
                run="run-1",
                round=number,
                intent_sha256="00" * 32,
                log_index=2 * number - 2,
                noise_multiplier=intent(number).noise_multiplier,
                relation=Relation.ZERO_OUT,
                trust=Trust.CENTRAL,
            )
        )
        ledger.append(CheckpointSeen(size=2 * number - 1, root="00" * 32))


def entries_of(device):
    with open_ledger(**device) as ledger:
        return ledger.entries


def test_line_32_every_round_since_the_last_checkpoint_seen_counts(device):
    for number in (2, 3):
        take_part(device, number)
    old = device["path"].read_bytes()
    for number in (7, 9):
        take_part(device, number)
    device["path"].write_bytes(old)
    with pytest.raises(Refused, match="rolled back"):
        entries_of(device)
    restore(**device, logged=LOGGED[:12], size=24, root=ROOT)
    entries = entries_of(device)
    assert [each.round for each in participations(entries)] == [2, 3, *range(4, 13)]
    assert isinstance(entries[-1], Restored)
    assert entries[-1].mirrored_rows == 10
    with pytest.raises(Refused, match="declines"):
        take_part(device, 12)
    take_part(device, 13)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.sets(st.integers(1, 12), min_size=1), st.data())
def test_line_32_wherever_the_old_copy_ends_a_restored_ledger_has_spent_at_least_the_lost_one(device, taken, data):
    begin(device)
    for number in sorted(taken):
        take_part(device, number)
    lines = device["path"].read_bytes().splitlines(keepends=True)
    before = entries_of(device)
    kept = data.draw(st.integers(2, len(lines)))
    device["path"].write_bytes(b"".join(lines[:kept]))
    restore(**device, logged=LOGGED, size=40, root=ROOT)
    after = entries_of(device)
    assert {each.round for each in participations(after)} >= taken
    assert spent(after).epsilon >= spent(before).epsilon
    rounds = [each.round for each in participations(after)]
    assert len(rounds) == len(set(rounds))


def test_line_32_a_copy_from_before_the_device_joined_names_no_log_and_cannot_be_restored(device):
    opened = device["path"].read_bytes().splitlines(keepends=True)[0]
    take_part(device, 3)
    device["path"].write_bytes(opened)
    with pytest.raises(Refused, match="enrol the device anew"):
        restore(**device, logged=LOGGED, size=40, root=ROOT)


def test_line_32_what_was_never_logged_cannot_be_restored(device):
    begin(device, key=None)
    with pytest.raises(Refused, match="enrol the device anew"):
        restore(**device, logged=LOGGED, size=40, root=ROOT)


def test_a_log_that_is_older_than_what_was_seen_restores_nothing(device):
    take_part(device, 5)
    with pytest.raises(BadInput, match="fetch the whole log"):
        restore(**device, logged=LOGGED[:2], size=4, root=ROOT)


def test_a_forged_ledger_is_not_restored(device):
    with pytest.raises(Refused, match="forged"):
        restore(path=device["path"], key=bytes(range(32)), mirror=device["mirror"], logged=LOGGED, size=40, root=ROOT)
