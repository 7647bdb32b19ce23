"""What takes long is shown as it last was, while the next is made; and never after it was forgotten."""

import threading

import pytest

from client.web.kept import Kept
from shared_model.errors import BadInput

WAIT_S = 20.0


class Making:
    """Makes when it is let, and says what version it was made of."""

    def __init__(self) -> None:
        self.version, self.made = 1, 0
        self.go_on = threading.Event()
        self.began = threading.Semaphore(0)
        self.go_on.set()
        self.kept = Kept(self.make, version=lambda: self.version)

    def make(self) -> str:
        made_of = self.version
        self.began.release()
        assert self.go_on.wait(WAIT_S)
        self.made += 1
        return f"of {made_of}"

    def until(self, wanted: str) -> None:
        pause = threading.Event()
        for _ in range(1_000):
            if self.kept.latest(wait_s=WAIT_S)[0] == wanted:
                return
            pause.wait(0.01)
        raise AssertionError(self.kept.latest(wait_s=0))


def test_it_is_made_once_for_each_version() -> None:
    making = Making()
    for _ in range(5):
        assert making.kept.latest(wait_s=WAIT_S) == ("of 1", None)
    assert making.made == 1
    making.version = 2
    making.until("of 2")
    assert making.made == 2


def test_the_last_one_is_shown_at_once_while_the_next_is_made() -> None:
    making = Making()
    making.until("of 1")
    making.go_on.clear()
    making.version = 2
    assert making.kept.latest(wait_s=WAIT_S) == ("of 1", None)  # though making waits for ever
    making.go_on.set()
    making.until("of 2")


def test_where_there_is_none_yet_it_waits_so_long_and_no_longer() -> None:
    making = Making()
    making.go_on.clear()
    assert making.kept.latest(wait_s=0.01) == (None, None)
    making.go_on.set()
    making.until("of 1")


def test_what_was_being_made_when_it_was_forgotten_is_never_shown() -> None:
    making = Making()
    making.go_on.clear()
    assert making.kept.latest(wait_s=0.01) == (None, None)
    assert making.began.acquire(timeout=WAIT_S)
    making.kept.forget()
    making.version = 2
    making.go_on.set()
    making.until("of 2")
    assert making.made == 2


@pytest.mark.filterwarnings("error")
def test_a_fault_is_a_sentence_and_a_strange_one_tells_nothing_of_the_listener(caplog) -> None:
    def refuse() -> str:
        raise BadInput("release: the file is damaged; fetch it again")

    def fail() -> str:
        raise RuntimeError("Die Forelle")

    assert Kept(refuse, version=lambda: 1).latest(wait_s=WAIT_S) == (
        None,
        "release: the file is damaged; fetch it again",
    )
    made, fault = Kept(fail, version=lambda: 1).latest(wait_s=WAIT_S)
    assert made is None
    assert fault is not None
    assert "doctor" in fault
    assert "Forelle" not in fault + caplog.text
    assert "cause=RuntimeError" in caplog.text
