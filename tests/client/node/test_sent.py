"""What the owner is told of what left the device is what left it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, RecordDict

from client.node.answer import answer_for
from client.node.sent import KEPT, SentUpdate, newest_sent, note_sent
from client.profile import Profile, open_profile
from shared_model.privacy.spent import Trust
from shared_model.reply import DECLINED, INVITATION, PARAMETERS, UPDATE
from tests.client.node.test_round import NOW_S, Rounds, participant
from tests.server.deployment.federation import Federation, joined_profile, plan

SENT = SentUpdate(
    at_s=1_790_000_000, run="r", round=1, numbers=7, size_bytes=28, clip_norm=0.5, noise_multiplier=1.5,
    trust=Trust.LOCAL, own_noise=0.75,
)  # fmt: skip


@pytest.fixture
def federation(tmp_path: Path) -> Federation:
    return Federation.begin(tmp_path / "s", plan(rounds=9, noise_multiplier=4.0), start=False)


@pytest.fixture
def profile(headless: Path, federation: Federation, tmp_path: Path) -> Iterator[Profile]:
    joined_profile(tmp_path / "profile", federation.deployment.signer().verifier, rounds=True)
    with open_profile(tmp_path / "profile") as opened:
        yield opened


def test_the_newest_come_first_and_the_oldest_go(history) -> None:
    made = [replace(SENT, round=number) for number in range(1, KEPT + 6)]
    for each in made:
        note_sent(history, each)
    assert newest_sent(history, KEPT + 9) == made[:4:-1]
    assert newest_sent(history, 2) == [made[-1], made[-2]]


def test_an_answer_is_noted_as_it_left_and_a_no_is_not(profile, federation) -> None:
    rounds = Rounds(federation)
    answer = answer_for(participant(profile, federation))
    parameters = ArrayRecord({PARAMETERS: Array(rounds.state.vector.numpy())})
    content = RecordDict({INVITATION: ConfigRecord(rounds.next().as_fields()), PARAMETERS: parameters})
    reply = answer(content)
    (sent,) = newest_sent(profile.history, 9)
    update = reply[UPDATE][UPDATE].numpy()
    assert (sent.numbers, sent.size_bytes) == (len(update), update.nbytes)
    assert (sent.run, sent.round, sent.at_s) == ("test", 1, int(NOW_S))
    assert (sent.clip_norm, sent.noise_multiplier, sent.trust, sent.own_noise) == (0.5, 4.0, Trust.CENTRAL, None)
    assert set(answer(content)) == {DECLINED}  # the same round again
    assert newest_sent(profile.history, 9) == [sent]
