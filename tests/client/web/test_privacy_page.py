"""What the Privacy page says of the ledger, whose numbers are never guessed."""

import hashlib

import pytest

from client.ledger.ledger import open_ledger
from client.node.sent import SentUpdate, note_sent
from shared_model.books.entries import CheckpointSeen, Debit, Joined
from shared_model.privacy.spent import Relation, Trust
from tests.client.web.conftest import Visit

pytestmark = pytest.mark.enable_socket  # an event loop has a pair of its own


def test_while_a_round_has_the_ledger_no_number_is_shown_and_nothing_is_called_spent(visit: Visit) -> None:
    profile = visit.profile
    with open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror):
        during = visit.http.get("/privacy").text
    assert "A round is under way" in during
    assert "counts as spent" not in during
    assert "epsilon" not in during.split("What the server could see")[0]
    assert "This device has given nothing away." in visit.http.get("/privacy").text


def test_a_ledger_that_is_gone_counts_as_all_spent(visit: Visit) -> None:
    visit.profile.ledger.unlink()
    said = visit.http.get("/privacy").text
    assert "All of it counts as spent" in said
    assert "A round is under way" not in said


def test_each_update_is_shown_with_its_size_and_its_noise_and_a_round_that_ended_before_as_such(visit: Visit) -> None:
    profile = visit.profile
    with open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger:
        ledger.append(Joined(log_key_sha256=hashlib.sha256(b"a key").hexdigest()))
        for number in (1, 2, 3):
            trust = Trust.CENTRAL if number == 1 else Trust.DISTRIBUTED
            ledger.debit(
                Debit(
                    run="evening", round=number, intent_sha256="00" * 32, log_index=2 * number - 2,
                    noise_multiplier=1.5, relation=Relation.ZERO_OUT, trust=trust, month="2026-09",
                )
            )  # fmt: skip
            ledger.append(CheckpointSeen(size=2 * number - 1, root="00" * 32))
    for number, own_noise in ((1, None), (2, 0.0625)):
        trust = Trust.CENTRAL if own_noise is None else Trust.DISTRIBUTED
        note_sent(
            profile.history,
            SentUpdate(
                at_s=1_790_000_000, run="evening", round=number, numbers=6241, size_bytes=24_964, clip_norm=0.25,
                noise_multiplier=1.5, trust=trust, own_noise=own_noise,
            ),
        )  # fmt: skip
    said = " ".join(visit.http.get("/privacy").text.split())
    third, second, first = said.split("The last updates sent")[1].split("</ul>")[0].split("</li>")[:3]
    for line in (first, second):
        assert "6,241 numbers in 24,964 bytes, clipped to 0.25" in line
    assert "without noise: the server adds it, 1.5 times that limit" in first
    assert "each with noise of 0.0625 of this device&#39;s own" in second or "each with noise of 0.0625" in second
    assert "round 3" in third
    assert "paid for, and nothing that stands here was sent" in third
