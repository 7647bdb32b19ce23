import pytest

from client.consent.purpose import Purpose
from client.data.withdraw import withdraw
from client.personalise.kept import keep_head, tuned_heads
from client.profile import open_profile
from client.recommend.release_file import open_release


@pytest.fixture
def profile(folder):
    """Of a listener who agreed to everything, with a copy tuned on plays alone and one tuned on moods, too."""
    with open_profile(folder) as opened:
        for purpose in Purpose:
            opened.consents.decide(purpose, granted=True, at_s=1)
        release = open_release(None)
        for at_s, moods in ((1, False), (2, True)):
            keep_head(opened.history, release, release.head, made_at_s=at_s, evaluation={"moods": moods}, use=True)
        opened.mood_for_writing()
        yield opened


def made_at(profile):
    return [head.made_at_s for head in tuned_heads(profile.history)]


def test_line_29_withdrawing_mood_destroys_answers_and_the_copies_that_learned_from_them(profile):
    done = withdraw(profile, Purpose.MOOD, at_s=3)
    assert (done.answers_destroyed, done.copies_forgotten) == (True, 1)
    assert profile.mood() is None
    assert made_at(profile) == [1]
    assert not profile.consents.holds(Purpose.MOOD)
    assert profile.consents.holds(Purpose.LISTENING)


def test_line_29_withdrawing_listening_forgets_every_copy_and_no_answer(profile):
    assert withdraw(profile, Purpose.LISTENING, at_s=3).copies_forgotten == 2
    assert made_at(profile) == []
    assert profile.mood() is not None


@pytest.mark.parametrize("purpose", [Purpose.ROUNDS, Purpose.LOOKUP])
def test_withdrawing_the_others_leaves_what_is_kept(profile, purpose):
    done = withdraw(profile, purpose, at_s=3)
    assert (done.answers_destroyed, done.copies_forgotten) == (False, 0)
    assert made_at(profile) == [2, 1]


def test_withdrawing_once_more_changes_nothing_but_adds_its_receipt(profile):
    withdraw(profile, Purpose.MOOD, at_s=3)
    done = withdraw(profile, Purpose.MOOD, at_s=4)
    assert (done.answers_destroyed, done.copies_forgotten) == (False, 0)
    assert [each.at_s for each in profile.consents.receipts()][-2:] == [3, 4]
