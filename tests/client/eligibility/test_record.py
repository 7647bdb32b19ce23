from client.eligibility.record import KEPT, Wait, latest, newest, note
from client.eligibility.verdict import Job, Verdict

BATTERY = Verdict(allowed=False, reason="waiting: on battery")
FREE = Verdict(allowed=True, reason=None)


def test_the_last_reason_of_each_job_is_shown(history):
    note(history, BATTERY, job=Job.TUNE, at_s=100)
    note(history, FREE, job=Job.ROUND, at_s=200)
    assert latest(history, Job.TUNE) == Wait(at_s=100, job=Job.TUNE, reason="waiting: on battery")
    assert latest(history, Job.ROUND) == Wait(at_s=200, job=Job.ROUND, reason=None)


def test_before_the_first_verdict_there_is_none(history):
    assert latest(history, Job.ROUND) is None


def test_the_newest_are_kept_and_no_more(history):
    for second in range(KEPT + 5):
        note(history, BATTERY, job=Job.TUNE, at_s=second)
    kept = newest(history, 1000)
    assert len(kept) == KEPT
    assert [wait.at_s for wait in kept[:2]] == [KEPT + 4, KEPT + 3]
    assert kept[-1].at_s == 5
