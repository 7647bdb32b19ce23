"""A deployed device in rounds with distributed trust, with a real profile, release and log, and no Flower process."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, RecordDict

from client.ledger.ledger import open_ledger
from client.node.answer import answer_for
from client.node.messages import asked_in, messages_in, reply_with_message
from client.node.secure_round import SecureRounds, _noised
from client.node.sent import newest_sent
from client.profile import Profile, open_profile
from server.deployment.registered import RegisteredNodes, registered_nodes
from shared_model.books.entries import Debit
from shared_model.books.merkle import leaf_hash
from shared_model.books.round_log import Intent, decode_leaf, encode_leaf
from shared_model.errors import BadInput, Refused
from shared_model.privacy.spent import Trust
from shared_model.reply import DECLINED, INVITATION, PARAMETERS, SECAGG, UPDATE
from shared_model.secagg.coordinator import Coordinator
from shared_model.secagg.device import Device
from shared_model.secagg.encoding import SumEncoding, decode, rotation_seed
from shared_model.secagg.limits import DeviceLimits
from shared_model.secagg.terms import Terms
from shared_model.wire.node_key import new_node_key
from tests.client.node.test_round import Rounds, participant
from tests.server.deployment.federation import Federation, joined_profile, plan
from tests.server.deployment.test_secure_federation import distributed

KEYS = {number: new_node_key() for number in (1, 2, 3)}


@pytest.fixture
def federation(tmp_path: Path) -> Federation:
    privacy = distributed(population=3, cohort=3, minimum_cohort=2, honest=2, rounds=9)
    return Federation.begin(tmp_path / "s", privacy, start=False)


@pytest.fixture
def profile(headless: Path, federation: Federation, tmp_path: Path) -> Iterator[Profile]:
    joined_profile(tmp_path / "profile", federation.deployment.signer().verifier, rounds=True)
    with open_profile(tmp_path / "profile") as opened:
        yield opened


@pytest.fixture
def registry() -> RegisteredNodes:
    return registered_nodes({number: key.public_key() for number, key in KEYS.items()})


def message(rounds: Rounds, registry: RegisteredNodes, **more: object) -> RecordDict:
    rounds.books.announce(rounds.state, registry_root=registry.root)
    told = rounds.books.invitation(deadline_s=1_790_000_060)
    records = {
        INVITATION: ConfigRecord(told.as_fields()),
        PARAMETERS: ArrayRecord({PARAMETERS: Array(rounds.state.vector.numpy())}),
        SECAGG: ConfigRecord({"number": 1}),
    }
    return RecordDict(records | more)


def secure(profile: Profile, federation: Federation, **changes: object) -> SecureRounds:
    return SecureRounds(participant=participant(profile, federation), node_key=KEYS[1], **changes)


def debits(profile: Profile) -> list[Debit]:
    with open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger:
        return [entry for entry in ledger.entries if isinstance(entry, Debit)]


def test_a_whole_round_of_one_listener_and_two_that_add_zeros(profile, federation, registry) -> None:
    rounds = Rounds(federation)
    content = message(rounds, registry)
    device = secure(profile, federation)
    answer = answer_for(participant(profile, federation), device)
    reply = answer(content)
    assert set(reply) == {SECAGG}
    (debit,) = debits(profile)
    assert (debit.trust, debit.round) == (Trust.DISTRIBUTED, 1)
    assert newest_sent(profile.history, 9) == []  # its keys are no update
    leaf = asked_in(content).invitation.leaf
    intent = decode_leaf(leaf, what="leaf")
    assert isinstance(intent, Intent)
    encoding = SumEncoding.of(federation.deployment.plan, size=len(rounds.state.vector))
    terms = Terms(
        run=intent.run,
        round=1,
        intent_sha256=leaf_hash(leaf).hex(),
        registry_root=registry.root,
        size=encoding.padded,
        parameters=intent.secagg,
    )
    limits = DeviceLimits(smallest_cohort=2, smallest_threshold=2, smallest_honest=1)
    zeros = np.zeros(encoding.padded, np.uint64)
    others = {number: Device(terms, zeros, number=number, node_key=KEYS[number], limits=limits) for number in (2, 3)}
    coordinator = Coordinator(terms, registry.proofs)
    coordinator.receive(1, messages_in(reply)[0])
    for number, other in others.items():
        coordinator.receive(number, other.announce())
    while hear := coordinator.close():
        told = RecordDict({SECAGG: ConfigRecord({"messages": list(hear[1])})})
        coordinator.receive(1, messages_in(answer(told))[0])
        for number, other in others.items():
            coordinator.receive(number, other.reply(hear[number]))
    seed = rotation_seed(1, rounds.state.vector.numpy())
    found = decode(coordinator.sum[None], encoding=encoding, seed=seed)[0]
    # one clipped update under one share of noise: far from zero by the noise, and no further
    share = np.sqrt(encoding.share_variance) / encoding.scale
    assert found.std() == pytest.approx(share, rel=0.1)
    assert set(answer(told)) == {DECLINED}  # the round is over for it
    (sent,) = newest_sent(profile.history, 9)
    assert (sent.run, sent.round, sent.trust) == (intent.run, 1, Trust.DISTRIBUTED)
    assert sent.numbers == len(rounds.state.vector)
    assert (
        encoding.padded * encoding.modulus_bits / 8 < sent.size_bytes < encoding.padded * encoding.modulus_bits / 8 + 99
    )
    assert sent.own_noise == pytest.approx(found.std(), rel=0.1)


def test_a_round_of_another_trust_is_answered_as_before(headless, tmp_path) -> None:
    federation = Federation.begin(tmp_path / "c", plan(rounds=9, noise_multiplier=4.0), start=False)
    joined_profile(tmp_path / "other", federation.deployment.signer().verifier, rounds=True)
    with open_profile(tmp_path / "other") as profile:
        rounds = Rounds(federation)
        told = rounds.next()
        records = {
            INVITATION: ConfigRecord(told.as_fields()),
            PARAMETERS: ArrayRecord({PARAMETERS: Array(rounds.state.vector.numpy())}),
        }
        answer = answer_for(participant(profile, federation), secure(profile, federation))
        asked_to_be_secure = RecordDict(records | {SECAGG: ConfigRecord({"number": 1})})
        assert set(answer(asked_to_be_secure)) == {DECLINED}
        assert debits(profile) == []
        assert set(answer(RecordDict(records))) == {UPDATE}


def test_a_distributed_round_is_never_answered_in_clear(profile, federation, registry) -> None:
    content = message(Rounds(federation), registry)
    del content[SECAGG]
    assert set(answer_for(participant(profile, federation), secure(profile, federation))(content)) == {DECLINED}
    assert debits(profile) == []


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (DeviceLimits(smallest_cohort=4, smallest_threshold=2, smallest_honest=2), "cohort of 3"),
        (DeviceLimits(smallest_cohort=3, smallest_threshold=3, smallest_honest=2), "threshold of 2"),
        (DeviceLimits(smallest_cohort=3, smallest_threshold=2, smallest_honest=3), "honest devices than of 2"),
    ],
)
def test_a_round_below_its_own_limits_costs_no_debit(profile, federation, registry, limits, says) -> None:
    with pytest.raises(Refused, match=says):
        secure(profile, federation, limits=limits).begin(asked_in(message(Rounds(federation), registry)))
    assert debits(profile) == []


def test_a_round_without_a_registry_costs_no_debit(profile, federation, registry) -> None:
    content = message(Rounds(federation), replace(registry, root=None))
    with pytest.raises(Refused, match="not announced as securely aggregated"):
        secure(profile, federation).begin(asked_in(content))
    assert debits(profile) == []


def test_a_modulus_that_does_not_follow_from_the_plan_is_refused(profile, federation, registry) -> None:
    """A smaller one would wrap around, a larger one would be read as another sum."""
    rounds = Rounds(federation)
    leaf = asked_in(message(rounds, registry)).invitation.leaf
    intent = decode_leaf(leaf, what="leaf")
    other = replace(intent, secagg=replace(intent.secagg, modulus_bits=intent.secagg.modulus_bits + 1))
    assert decode_leaf(encode_leaf(other), what="leaf") == other
    vector = _noised(torch.zeros(len(rounds.state.vector)), intent, rounds.state.vector)
    assert int(vector.max()) < 1 << intent.secagg.modulus_bits
    with pytest.raises(Refused, match="modulus"):
        _noised(torch.zeros(len(rounds.state.vector)), other, rounds.state.vector)


def test_messages_of_no_round_are_declined(profile, federation) -> None:
    answer = answer_for(participant(profile, federation), secure(profile, federation))
    assert set(answer(reply_with_message(b"\2" * 40))) == {DECLINED}


@pytest.mark.parametrize(
    "record",
    [
        ConfigRecord({"messages": [b"a", b"b", b"c"]}),
        ConfigRecord({"messages": []}),
        ConfigRecord({"messages": ["text"]}),
        ConfigRecord({"messages": [b"a"], "more": 1}),
        ConfigRecord({}),
        ArrayRecord({"messages": Array(np.zeros(2))}),
    ],
)
def test_what_is_no_message_is_refused(record) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        messages_in(RecordDict({SECAGG: record}))


@pytest.mark.parametrize("number", [0, 2**32, -1, "1", 1.0])
def test_a_registration_number_that_cannot_be_is_refused(profile, federation, registry, number) -> None:
    content = message(Rounds(federation), registry, **{SECAGG: ConfigRecord({"number": number})})
    with pytest.raises(BadInput, match="no registration number"):
        asked_in(content)
