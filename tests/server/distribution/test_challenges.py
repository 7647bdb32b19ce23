import pytest

from server.distribution.challenges import Challenges


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_nonce_is_good_once(clock):
    challenges = Challenges(clock)
    nonce = challenges.issue()
    assert challenges.spend(nonce)
    assert not challenges.spend(nonce)


def test_a_nonce_is_good_for_a_minute(clock):
    challenges = Challenges(clock)
    first, second = challenges.issue(), challenges.issue()
    clock.now_s += 60
    assert challenges.spend(first)
    clock.now_s += 0.01
    assert not challenges.spend(second)


def test_a_nonce_of_another_process_or_that_was_changed_is_none(clock):
    nonce = Challenges(clock).issue()
    challenges = Challenges(clock)
    assert not challenges.spend(nonce)
    mine = challenges.issue()
    assert not any(challenges.spend(mine[:at] + bytes([mine[at] ^ 1]) + mine[at + 1 :]) for at in range(len(mine)))
    assert not challenges.spend(b"")
    assert challenges.spend(mine)


def test_what_was_given_out_costs_no_memory_and_what_was_used_is_forgotten(clock):
    challenges = Challenges(clock)
    for _ in range(1000):
        challenges.issue()
    assert len(challenges._used) == 0
    for _ in range(300):
        challenges.spend(challenges.issue())
        clock.now_s += 1
    assert len(challenges._used) <= 122
