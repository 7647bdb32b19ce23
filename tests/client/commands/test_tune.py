import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from client.consent.purpose import Purpose
from client.eligibility import sensors, verdict
from client.eligibility.reading import Reading
from client.eligibility.record import newest
from client.ingest.import_history import import_history
from client.personalise.kept import tuned_heads
from client.profile import open_profile
from client.store.tables import listens, recordings
from tests.client.prepared import typed

EXPORT = Path(__file__).parents[2] / "fixtures" / "spotify" / "extended.zip"
IDLE = Reading(on_mains=True, idle_min=60, unmetered=True, online=True, cpu_usage=0, hour=3)


@pytest.fixture
def listener(folder: Path) -> Path:
    with open_profile(folder) as profile:
        profile.consents.decide(Purpose.LISTENING, granted=True, at_s=1)
        import_history(
            EXPORT, "auto", history=profile.history, consent=profile.consents.listening(), clock=lambda: 1_700_000_000
        )
    return folder


def tune(folder: Path, *arguments: object):
    return typed("tune", *arguments, "--dir", folder)


def kept(folder: Path):
    with open_profile(folder) as profile:
        return tuned_heads(profile.history)


def test_how_well_both_foresee_the_last_plays_is_shown_and_what_follows(listener: Path) -> None:
    ran = tune(listener, "--now")
    assert (ran.code, ran.err) == (0, "")
    (head,) = kept(listener)
    lines = ran.out.splitlines()
    assert lines[0].startswith(f"Your last {head.evaluation['release']['plays']} plays, each foreseen from")
    for line, name in zip(lines[1:3], ("release", "tuned"), strict=True):
        found = head.evaluation[name]
        shown = re.fullmatch(rf"  {name:<8} HR@10 (0\.\d{{3}}|1\.000)   MRR@20 (0\.\d{{3}}|1\.000)", line)
        assert shown is not None
        # what is kept has four decimals, so that the third may be rounded from another side
        assert [float(number) for number in shown.groups()] == pytest.approx(
            [found["hit_rate_10"], found["mrr_20"]], abs=6e-4
        )
    compared = head.evaluation["compared"]
    assert lines[3].startswith(
        f"The tuned copy ranks {compared['higher']} of them higher and {compared['lower']} lower;"
    )
    assert lines[4].startswith("It is used" if head.in_use else "That is not clearly better")
    again = json.loads(typed("recommend", "--json", "--dir", listener).out)["about"]["head"]
    assert again == ("tuned on this device" if head.in_use else "release")


def test_json_is_what_is_kept_and_forgetting_goes_back(listener: Path) -> None:
    ran = tune(listener, "--now", "--json")
    assert json.loads(ran.out) == kept(listener)[0].evaluation
    assert set(json.loads(ran.out)) == {"release", "tuned", "compared", "taken", "moods"}
    assert tune(listener, "--forget").out == "Forgot 1 tuned copy of the model.\n"
    assert kept(listener) == []
    assert json.loads(tune(listener, "--forget", "--json").out) == {"forgotten": 0}


@pytest.mark.parametrize("on_mains", [True, False])
def test_it_waits_for_mains_and_says_so_and_keeps_what_it_waited_for(listener, monkeypatch, on_mains: bool) -> None:
    monkeypatch.setattr(sensors, "read_sensors", lambda now_s: replace(IDLE, on_mains=on_mains))
    ran = tune(listener)
    assert ran.code == (0 if on_mains else 3)
    assert ("waiting: on battery. To do it at once: tune --now" in ran.err) != on_mains
    assert len(kept(listener)) == on_mains
    with open_profile(listener) as profile:
        (wait,) = newest(profile.history, 5)
    assert (wait.job, wait.reason) == (verdict.Job.TUNE, None if on_mains else "waiting: on battery")


def test_too_few_plays_are_a_sentence(folder: Path) -> None:
    with open_profile(folder) as profile:
        profile.consents.decide(Purpose.LISTENING, granted=True, at_s=1)
        with profile.history.begin() as connection:
            connection.execute(insert(recordings).values(id=1, identity="a", artist="A", title="B"))
            connection.execute(insert(listens).values(recording_id=1, started_at_s=1))
    ran = tune(folder, "--now")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "sottovoce-client: tune: it takes 40 plays to learn from, and there are 1; import more\n"


def test_without_consent_nothing_is_tuned(folder: Path) -> None:
    ran = tune(folder, "--now")
    assert (ran.code, ran.out) == (3, "")
    assert "consent grant listening" in ran.err
    assert kept(folder) == []
