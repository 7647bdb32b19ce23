import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.eligibility.preferences import Assumption, EligibilitySettings
from client.eligibility.reading import Reading
from client.eligibility.verdict import Job, judge, within_hours

GOOD = Reading(on_mains=True, idle_min=30.0, unmetered=True, online=True, cpu_usage=3.0, hour=12.0)
NOTHING_KNOWN = Reading(on_mains=None, idle_min=None, unmetered=None, online=None, cpu_usage=None, hour=12.0)
DEFAULTS = EligibilitySettings()

knowledge = st.none() | st.booleans()
readings = st.builds(
    Reading,
    on_mains=knowledge,
    idle_min=st.none() | st.floats(0, 60),
    unmetered=knowledge,
    online=knowledge,
    cpu_usage=st.none() | st.floats(0, 100),
    hour=st.floats(0, 24, exclude_max=True),
)
hours = st.sampled_from([0.0, 6.5, 12.0, 22.0, 24.0])
settings = st.builds(
    EligibilitySettings,
    run_on_batteries=st.booleans(),
    run_if_user_active=st.booleans(),
    idle_time_to_run=st.floats(0, 60),
    suspend_cpu_usage=st.floats(0, 100),
    start_hour=hours,
    end_hour=hours,
    net_start_hour=hours,
    net_end_hour=hours,
    run_on_metered=st.booleans(),
    assume=st.lists(st.sampled_from(Assumption), unique=True).map(tuple),
)
jobs = st.sampled_from(Job)


def changed(reading: Reading, **values: object) -> Reading:
    return Reading(**{name: getattr(reading, name) for name in Reading.__slots__} | values)


@pytest.mark.parametrize("job", Job)
def test_an_idle_computer_on_power_and_an_unmetered_network_works(job):
    assert judge(GOOD, DEFAULTS, job=job).allowed
    assert judge(GOOD, DEFAULTS, job=job).reason is None


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"on_mains": False}, "waiting: on battery"),
        ({"idle_min": 0.0}, "waiting: this computer is in use"),
        ({"idle_min": 1.25}, "waiting: this computer was in use until 1.2 minutes ago; 3 are asked for"),
        ({"unmetered": False}, "waiting: on a metered network"),
        ({"online": False}, "waiting: no network"),
        ({"cpu_usage": 61.2}, "waiting: other programs use 61 % of the CPU, more than 25 %"),
        (
            {"unmetered": None},
            "waiting: cannot tell whether the network is metered; "
            'say so in settings.toml with eligibility.assume = ["unmetered"]',
        ),
    ],
)
def test_the_reason_is_said_in_words(values, reason):
    assert judge(changed(GOOD, **values), DEFAULTS, job=Job.ROUND).reason == reason


def test_tuning_asks_for_no_network():
    offline = changed(GOOD, unmetered=None, online=False)
    assert judge(offline, DEFAULTS, job=Job.TUNE).allowed
    assert not judge(offline, DEFAULTS, job=Job.ROUND).allowed


def test_where_nothing_is_known_the_owner_may_vouch_for_all_of_it():
    assert not judge(NOTHING_KNOWN, DEFAULTS, job=Job.TUNE).allowed
    assert judge(NOTHING_KNOWN, EligibilitySettings(assume=tuple(Assumption)), job=Job.ROUND).allowed


def test_rounds_keep_hours_of_their_own():
    at_night = EligibilitySettings(net_start_hour=22.5, net_end_hour=6)
    assert judge(GOOD, at_night, job=Job.TUNE).allowed
    assert judge(GOOD, at_night, job=Job.ROUND).reason == "waiting: rounds may run from 22:30 to 06:00 only"
    assert judge(changed(GOOD, hour=23.0), at_night, job=Job.ROUND).allowed


@given(readings, settings, jobs)
def test_whatever_is_unknown_is_never_allowed_unless_it_is_assumed_or_not_asked_for(reading, settings, job):
    if not judge(reading, settings, job=job).allowed:
        return
    vouched = set(settings.assume)
    assert reading.on_mains or settings.run_on_batteries or {Assumption.MAINS} <= vouched
    assert reading.idle_min is not None or settings.run_if_user_active or {Assumption.IDLE} <= vouched
    assert reading.cpu_usage is not None or settings.suspend_cpu_usage == 0 or {Assumption.QUIET} <= vouched
    assert job is Job.TUNE or reading.unmetered or settings.run_on_metered or {Assumption.UNMETERED} <= vouched


@given(readings, settings, jobs)
def test_an_assumption_never_overrules_a_reading(reading, settings, job):
    known = changed(
        reading,
        on_mains=bool(reading.on_mains),
        idle_min=reading.idle_min or 0.0,
        unmetered=bool(reading.unmetered),
        cpu_usage=reading.cpu_usage or 0.0,
    )
    without = settings.model_copy(update={"assume": ()})
    assert judge(known, settings, job=job) == judge(known, without, job=job)


@given(readings, settings, jobs, st.data())
def test_a_stricter_preference_never_allows_more(reading, settings, job, data):
    limit = settings.suspend_cpu_usage or 100.0  # 0 is no limit
    always = (0.0, 0.0)
    ends = data.draw(st.sampled_from([always, (settings.start_hour, settings.end_hour)]))
    looser = settings.model_copy(
        update={
            "run_on_batteries": settings.run_on_batteries or data.draw(st.booleans()),
            "run_if_user_active": settings.run_if_user_active or data.draw(st.booleans()),
            "run_on_metered": settings.run_on_metered or data.draw(st.booleans()),
            "idle_time_to_run": data.draw(st.floats(0, settings.idle_time_to_run)),
            "suspend_cpu_usage": data.draw(
                st.just(0.0) | (st.floats(limit, 100) if settings.suspend_cpu_usage else st.just(0.0))
            ),
            "start_hour": ends[0],
            "end_hour": ends[1],
            "assume": tuple({*settings.assume, *data.draw(st.lists(st.sampled_from(Assumption)))}),
        }
    )
    if judge(reading, settings, job=job).allowed:
        assert judge(reading, looser, job=job).allowed


@given(readings, settings)
def test_what_may_run_a_round_may_tune(reading, settings):
    if judge(reading, settings, job=Job.ROUND).allowed:
        assert judge(reading, settings, job=Job.TUNE).allowed


@given(readings, settings, jobs)
def test_there_is_a_reason_exactly_where_it_waits(reading, settings, job):
    verdict = judge(reading, settings, job=job)
    assert verdict.allowed == (verdict.reason is None)
    assert verdict.allowed or verdict.reason.startswith("waiting: ")


@pytest.mark.parametrize(
    ("hour", "start", "end", "within"),
    [
        (3, 0, 0, True),
        (3, 0, 24, True),
        (3, 8, 17, False),
        (8, 8, 17, True),
        (17, 8, 17, False),
        (23, 22, 6, True),
        (5.9, 22, 6, True),
        (6, 22, 6, False),
        (12, 24, 0, False),  # BOINC: never
        (0, 24, 0, False),
    ],
)
def test_hours_may_go_past_midnight(hour, start, end, within):
    assert within_hours(hour, start=start, end=end) is within


@given(readings, settings, jobs)
def test_what_is_paused_waits_whatever_else_is_true_and_says_who_paused_it(reading, settings, job):
    verdict = judge(reading, settings.model_copy(update={"paused": True}), job=job)
    assert not verdict.allowed
    assert "paused by you" in verdict.reason
