"""A deployed device says how well the model that it received foresees plays that it never trains on."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from client.consent.purpose import Purpose
from client.node import learning as node_learning
from client.node.limits import DEFAULT_LIMITS
from client.node.messages import Asked
from client.node.quality import first_held_out, quality_of
from client.node.secure_round import SecureRounds, _noised
from client.personalise.evaluate import foresee
from client.profile import Profile, open_profile
from client.recommend.plays import read_plays
from client.recommend.release_file import STARTER, open_release
from client.recommend.shelf import read_shelf
from server.deployment.registered import RegisteredNodes, registered_nodes
from shared_model.books.merkle import leaf_hash
from shared_model.books.round_log import Intent, decode_leaf, encode_leaf
from shared_model.errors import Refused
from shared_model.history import History
from shared_model.privacy.spent import Trust
from shared_model.quality.said import quality_rows
from shared_model.round_invitation import RoundInvitation
from shared_model.secagg.coordinator import Coordinator, Rejected
from shared_model.secagg.device import Device
from shared_model.secagg.encoding import QUALITY_GROUPS, SumEncoding, decode, rotation_seed
from shared_model.secagg.limits import DeviceLimits
from shared_model.secagg.skellam_noise import SkellamTable
from shared_model.secagg.terms import Terms
from shared_model.training.release_model import head_of_rounds
from shared_model.wire.node_key import new_node_key
from tests.client.node.test_round import NOW_S, Rounds, participant
from tests.server.deployment.federation import Federation, joined_profile
from tests.server.deployment.test_secure_federation import distributed

SAID = 3 * len(QUALITY_GROUPS)
OF_DISTRIBUTED = replace(DEFAULT_LIMITS, trust=Trust.DISTRIBUTED)


@pytest.fixture
def federation(tmp_path: Path) -> Federation:
    privacy = distributed(population=3, cohort=3, minimum_cohort=2, honest=2, rounds=9, evaluation_share=0.2)
    return Federation.begin(tmp_path / "s", privacy, start=False)


@pytest.fixture
def profile(headless: Path, federation: Federation, tmp_path: Path) -> Iterator[Profile]:
    joined_profile(tmp_path / "profile", federation.deployment.signer().verifier, rounds=True)
    with open_profile(tmp_path / "profile") as opened:
        yield opened


def what_leaves(profile: Profile, federation: Federation, rounds: Rounds) -> torch.Tensor:
    return participant(profile, federation, limits=OF_DISTRIBUTED).take_part(rounds.next(), rounds.state.vector)


def said_in(row: torch.Tensor, federation: Federation) -> np.ndarray:
    """(3, G) shares, hits and gains."""
    return (row[-SAID:].double().numpy() / federation.deployment.plan.quality_norm * math.sqrt(3)).reshape(3, -1)


def test_update_and_quality_leave_as_one_vector_of_the_planned_norm(profile, federation) -> None:
    rounds, plan = Rounds(federation), federation.deployment.plan
    row = what_leaves(profile, federation, rounds)
    size = len(rounds.state.vector)
    assert row.shape == (size + SAID,)
    assert 0 < float(row[:size].norm()) <= plan.clip_norm * (1 + 1e-6)
    assert 0 < float(row[size:].norm()) <= plan.quality_norm * (1 + 1e-6)
    assert float(row.norm()) <= plan.vector_norm * (1 + 1e-6)
    shares, hits, gains = said_in(row, federation)
    assert shares.sum() == pytest.approx(1)
    assert (gains <= hits + 1e-6).all()
    assert (hits <= shares + 1e-6).all()


def test_it_is_of_the_last_plays_and_the_model_that_came(profile, federation) -> None:
    rounds, learning = Rounds(federation), federation.deployment.learning
    rounds.state = replace(rounds.state, vector=rounds.state.vector + 0.5 * torch.randn(len(rounds.state.vector)))
    shares, hits, gains = said_in(what_leaves(profile, federation, rounds), federation)
    release, consent = open_release(STARTER), profile.consents.listening()
    shelf = read_shelf(release, profile.history, consent=consent)
    plays = read_plays(profile.history, shelf.index_of, consent=consent, mood=None, mood_consent=None)
    head = head_of_rounds(release.head, rounds.state.vector, rank=learning.rank, seed=learning.seed)
    ranks = foresee(head, shelf.collection, plays, first=len(plays) - 10)
    together = quality_rows(ranks, moods=np.ones((10, 1), bool), listener=np.zeros(10, np.int64), devices=1)[0]
    assert [shares.sum(), hits.sum(), gains.sum()] == pytest.approx(list(together * math.sqrt(3)), abs=1e-5)


def trained_and_measured(profile: Profile, federation: Federation, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """The position of the last play that a round learned from or knew of, and of the first that it was measured on."""
    trained, measured = [], []
    build, ranks = node_learning.build_examples, node_learning.quality_of

    def building(histories, positions, **more):
        trained.append(max(len(histories[0]) - 1, int(positions[0].max())))
        return build(histories, positions, **more)

    def measuring(head, collection, plays, *, first):
        measured.append(first)
        assert first == len(plays) - 10
        return ranks(head, collection, plays, first=first)

    monkeypatch.setattr(node_learning, "build_examples", building)
    monkeypatch.setattr(node_learning, "quality_of", measuring)
    what_leaves(profile, federation, Rounds(federation))
    ((last,), (first,)) = trained, measured
    return last, first


def test_what_is_held_out_is_never_trained_on(profile, federation, monkeypatch) -> None:
    last, first = trained_and_measured(profile, federation, monkeypatch)
    assert last == first - 1


def test_seeded_bug_a_device_that_trains_on_what_it_is_measured_on_is_caught(profile, federation, monkeypatch) -> None:
    monkeypatch.setattr(History, "before", lambda plays, _position: plays)
    last, first = trained_and_measured(profile, federation, monkeypatch)
    assert last >= first


def test_moods_group_plays_with_the_listeners_agreement_alone(profile, federation) -> None:
    rounds = Rounds(federation)
    profile.consents.decide(Purpose.MOOD, granted=False, at_s=2)
    shares, _, _ = said_in(what_leaves(profile, federation, rounds), federation)
    assert list(shares) == pytest.approx([0, 0, 1])


def test_a_round_without_a_share_for_it_holds_nothing_out_and_says_nothing(headless, tmp_path, monkeypatch) -> None:
    privacy = distributed(population=3, cohort=3, minimum_cohort=2, honest=2, rounds=9)
    federation = Federation.begin(tmp_path / "s", privacy, start=False)
    joined_profile(tmp_path / "profile", federation.deployment.signer().verifier, rounds=True)
    monkeypatch.setattr(node_learning, "quality_of", lambda *_, **__: pytest.fail("nobody asked"))
    with open_profile(tmp_path / "profile") as profile:
        rounds = Rounds(federation)
        assert what_leaves(profile, federation, rounds).shape == rounds.state.vector.shape


def share_that_is_decoded(rounds: Rounds, federation: Federation, monkeypatch: pytest.MonkeyPatch) -> float:
    """What the coordinator reads by its plan, over what the device encoded by the intent: 1 but for rounding."""
    monkeypatch.setattr(SkellamTable, "draw", lambda _, size, **__: np.zeros(size, np.int64))
    row = torch.full((len(rounds.state.vector) + SAID,), 1e-3)
    rounds.books.announce(rounds.state, registry_root="ab" * 32)
    intent = decode_leaf(rounds.books.invitation(deadline_s=1).leaf, what="leaf")
    assert isinstance(intent, Intent)
    vector = _noised(row, intent, rounds.state.vector)
    encoding = SumEncoding.of(federation.deployment.plan, size=len(rounds.state.vector))
    found = decode(vector[None], encoding=encoding, seed=rotation_seed(1, rounds.state.vector.numpy()))[0]
    return float(found.sum() / row.sum())


def test_both_sides_take_their_scale_from_what_was_announced(federation, monkeypatch) -> None:
    assert share_that_is_decoded(Rounds(federation), federation, monkeypatch) == pytest.approx(1, abs=0.03)


def test_seeded_bug_a_device_that_scales_by_the_clip_norm_alone_is_caught(federation, monkeypatch) -> None:
    monkeypatch.setattr("client.node.secure_round.vector_norm", lambda clip_norm, **_: clip_norm)
    found = share_that_is_decoded(Rounds(federation), federation, monkeypatch)
    assert found != pytest.approx(1, abs=0.03)


def announced(rounds: Rounds, registry: RegisteredNodes, *, share: float) -> tuple[Terms, RoundInvitation]:
    """The terms that follow from a leaf with this share, and the invitation to the round as it was announced."""
    rounds.books.announce(rounds.state, registry_root=registry.root)
    invitation = rounds.books.invitation(deadline_s=int(NOW_S) + 60)
    intent = decode_leaf(invitation.leaf, what="leaf")
    assert isinstance(intent, Intent)
    assert intent.secagg is not None
    intent = replace(intent, evaluation_share=share)
    padded = SumEncoding.of(rounds.books.deployment.plan, size=len(rounds.state.vector)).padded
    terms = Terms(
        run=intent.run,
        round=intent.round,
        intent_sha256=leaf_hash(encode_leaf(intent)).hex(),
        registry_root=registry.root,
        size=padded,
        parameters=intent.secagg,
    )
    return terms, invitation


@pytest.mark.parametrize("share", [0.2, 0.0, 0.3])
def test_a_coordinator_that_reads_by_another_share_than_was_announced_gets_nothing(profile, federation, share) -> None:
    """Terms are of the announced leaf: with any other scale no message of one side is of the other's round."""
    keys = {number: new_node_key() for number in (1, 2, 3)}
    registry, rounds = registered_nodes({number: key.public_key() for number, key in keys.items()}), Rounds(federation)
    terms, invitation = announced(rounds, registry, share=share)
    device = SecureRounds(participant=participant(profile, federation, limits=OF_DISTRIBUTED), node_key=keys[1])
    said = device.begin(Asked(invitation=invitation, parameters=rounds.state.vector, number=1))
    coordinator = Coordinator(terms, registry.proofs)
    limits = DeviceLimits(smallest_cohort=2, smallest_threshold=2, smallest_honest=1)
    for number in (2, 3):
        vector = np.zeros(terms.size, np.uint64)
        other = Device(terms, vector, number=number, node_key=keys[number], limits=limits)
        coordinator.receive(number, other.announce())
    if share == federation.deployment.plan.evaluation_share:
        coordinator.receive(1, said)
        assert device.go_on(coordinator.close()[1])
        return
    with pytest.raises(Rejected):
        coordinator.receive(1, said)
    told = coordinator.close()
    with pytest.raises(Refused, match="in other terms"):
        device.go_on(told[2])
    with pytest.raises(Refused, match="in the middle of none"):
        device.go_on(told[2])


def invented(plays: int) -> History:
    return History(listener="here", tracks=np.zeros(plays, np.int64), started_at_s=np.arange(float(plays)))


@given(st.integers(0, 300))
def test_plays_that_were_learned_from_are_held_out_by_no_later_round(plays: int) -> None:
    assert first_held_out(invented(plays)) <= first_held_out(invented(plays + 1)) <= plays + 1
    assert plays - first_held_out(invented(plays)) <= 10


def test_a_device_with_hardly_a_play_says_zeros(profile) -> None:
    release = open_release(STARTER)
    shelf = read_shelf(release, profile.history, consent=profile.consents.listening())
    said = quality_of(release.head, shelf.collection, invented(4), first=4)
    assert said.shape == (SAID,)
    assert not said.any()
