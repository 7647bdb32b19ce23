from dataclasses import replace

import pytest
from sqlalchemy import update

from client.consent.consents import Consents
from client.consent.kinds import ListeningConsent, LookupConsent, MoodConsent, RoundsConsent
from client.consent.purpose import WORDINGS, Purpose
from client.store.tables import consent_receipts
from shared_model.errors import Refused

KINDS = {
    Purpose.LISTENING: ("listening", ListeningConsent),
    Purpose.MOOD: ("mood", MoodConsent),
    Purpose.ROUNDS: ("rounds", RoundsConsent),
    Purpose.LOOKUP: ("lookup", LookupConsent),
}


@pytest.mark.parametrize("purpose", Purpose)
def test_line_28_every_choice_is_off_until_it_is_made_and_implies_no_other(history, purpose):
    consents = Consents(history)
    for name, _ in KINDS.values():
        with pytest.raises(Refused, match="was not given; nothing was done"):
            getattr(consents, name)()
    consents.decide(purpose, granted=True, at_s=5)
    for other, (name, kind) in KINDS.items():
        if other is purpose:
            assert type(getattr(consents, name)()) is kind
        else:
            with pytest.raises(Refused, match=f"consent grant {other}"):
                getattr(consents, name)()


def test_line_29_withdrawal_is_one_action_and_works_at_once(history):
    consents = Consents(history)
    consents.decide(Purpose.ROUNDS, granted=True, at_s=5)
    consents.rounds()
    consents.decide(Purpose.ROUNDS, granted=False, at_s=6)
    with pytest.raises(Refused, match="was withdrawn"):
        consents.rounds()
    consents.decide(Purpose.ROUNDS, granted=True, at_s=7)
    consents.rounds()


def test_receipts_say_what_was_agreed_to_and_are_never_changed(history):
    consents = Consents(history)
    consents.decide(Purpose.MOOD, granted=True, at_s=5)
    consents.decide(Purpose.MOOD, granted=False, at_s=6)
    assert [(each.granted, each.at_s) for each in consents.receipts()] == [(True, 5), (False, 6)]
    assert {each.wording_sha256 for each in consents.receipts()} == {WORDINGS[Purpose.MOOD].sha256}


@pytest.mark.parametrize("changed", [{"wording_version": 0}, {"wording_sha256": "00" * 32}])
def test_other_words_are_asked_anew(history, changed):
    consents = Consents(history)
    consents.decide(Purpose.LISTENING, granted=True, at_s=5)
    with history.begin() as connection:
        connection.execute(update(consent_receipts).values(**changed))
    assert not consents.holds(Purpose.LISTENING)
    with pytest.raises(Refused, match="given to other words"):
        consents.listening()


def test_line_29_no_consent_is_made_of_a_receipt_that_does_not_grant_it(history):
    receipt = Consents(history).decide(Purpose.LISTENING, granted=True, at_s=5)
    ListeningConsent(receipt)
    for kind, made_of in (
        (MoodConsent, receipt),
        (RoundsConsent, receipt),
        (ListeningConsent, replace(receipt, granted=False)),
    ):
        with pytest.raises(Refused, match="does not grant"):
            kind(made_of)


def test_the_four_questions_are_told_apart_and_say_what_leaves_the_device():
    assert len({wording.sha256 for wording in WORDINGS.values()}) == 4
    assert "Nothing leaves" in WORDINGS[Purpose.LISTENING].explanation
    assert "never sent" in WORDINGS[Purpose.ROUNDS].explanation
