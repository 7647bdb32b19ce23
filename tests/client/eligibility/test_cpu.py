import psutil
import pytest

from client.eligibility import cpu
from client.eligibility.cpu import CpuSeconds, percent_between, percent_of_others


def seconds(available: float, spent: float, own: float) -> CpuSeconds:
    return CpuSeconds(available=available, spent=spent, own=own)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (seconds(4, 0, 0), 0),
        (seconds(4, 1, 0), 25),
        (seconds(4, 3, 2), 25),
        (seconds(4, 4, 0), 100),
        (seconds(4, 1, 1.1), 0),  # clocks of different grain
        (seconds(0, 0, 0), None),
    ],
)
def test_what_this_process_uses_does_not_count(after, expected):
    assert percent_between(seconds(0, 0, 0), after) == expected


def test_this_computer_gives_a_percentage():
    usage = percent_of_others()
    assert usage is None or 0 <= usage <= 100


def test_what_cannot_be_read_is_unknown(monkeypatch):
    def fail():
        raise PermissionError("/proc/stat")

    monkeypatch.setattr(cpu.psutil, "cpu_times", fail)
    assert percent_of_others(sleep=lambda _: None) is None
    monkeypatch.undo()
    monkeypatch.setattr(cpu.psutil, "Process", lambda: (_ for _ in ()).throw(psutil.AccessDenied()))
    assert percent_of_others(sleep=lambda _: None) is None
