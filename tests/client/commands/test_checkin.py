import json

import pytest
import typer
from typer.testing import CliRunner

from client.checkin.record import read_all
from client.commands.checkin import checkin
from client.consent.purpose import Purpose
from client.profile import open_profile
from shared_model.errors import BadInput
from tests.client.conftest import everything_in

HARD = "4,4,4,4,-,-"


@pytest.fixture
def run(folder):
    app = typer.Typer()
    app.command()(checkin)
    return lambda *arguments, typed=None: CliRunner().invoke(app, [*arguments, "--dir", str(folder)], input=typed)


def everything(paths):
    return {path.name: path.read_bytes() for path in paths}


def stored(folder):
    with open_profile(folder) as profile:
        mood = profile.mood()
        return [] if mood is None else read_all(mood)


def test_valence_and_arousal_at_once(run, folder):
    result = run("--valence", "0.2", "--arousal", "-0.4")
    assert result.exit_code == 0, result.output
    (found,) = stored(folder)
    assert found.instrument == "affective_slider"
    assert found.answers == pytest.approx({"pleasure": 0.6, "arousal": 0.3})
    assert "used for nothing until `sottovoce-client consent grant mood`" in result.stdout


def test_answers_are_stored_without_a_consent_and_said_to_be_unused(run):
    assert json.loads(run("--valence", "0", "--json").stdout)["used"] is False


def test_with_a_consent_they_are_used(run, folder):
    with open_profile(folder) as profile:
        profile.consents.decide(Purpose.MOOD, granted=True, at_s=1)
    assert json.loads(run("--valence", "0", "--json").stdout)["used"] is True
    assert "used there for what is recommended" in run("--valence", "0").stdout


def test_one_slider_alone_skips_the_other(run, folder):
    assert json.loads(run("--valence", "1", "--json").stdout)["skipped"] == ["arousal"]
    assert stored(folder)[0].answers == {"pleasure": 1.0, "arousal": None}


def test_a_questionnaire_at_once(run, folder):
    result = run("k6", "--answers", "0,1,1,0,2,0")
    assert "Score 4, of 0 to 24; higher means more distress." in result.stdout
    assert stored(folder)[0].score == 4


def test_a_skipped_question_leaves_no_score(run):
    result = run("who5", "--answers", "-,5,5,5,5")
    assert "WHO-5, 4 of 5 answered.\nNo score, since a question was skipped." in result.stdout


def test_a_questionnaire_question_by_question(run, folder):
    result = run("k6", "--json", typed="0\n\n1\n2\n3\n4\n")
    assert json.loads(result.stdout.splitlines()[-1])["skipped"] == ["hopeless"]
    assert list(stored(folder)[0].answers.values()) == [0, None, 1, 2, 3, 4]


@pytest.mark.parametrize("typed", ["", "0\n1\n"])
def test_stopping_in_the_middle_stores_nothing(run, folder, typed):
    result = run("k6", typed=typed)
    assert result.exit_code != 0
    assert stored(folder) == []


def test_help_is_shown_at_the_threshold_and_nothing_else_changes(run, folder):
    easy, hard = run("k6", "--answers", "0,0,0,0,0,0"), run("k6", "--answers", HARD)
    assert "findahelpline.com" not in easy.stdout
    assert "findahelpline.com" in hard.stdout
    assert "Nothing else changes" in hard.stdout
    unchanging = [path for path in folder.iterdir() if not path.name.startswith("mood.db")]
    before = everything(unchanging)
    assert "Nothing else changes" in json.loads(run("k6", "--answers", HARD, "--json").stdout)["help"]
    assert everything(unchanging) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("--valence", "1.7331"),
        ("--valence=-17331"),
        ("--valence", "nan"),
        ("--arousal", "17331x"),
        ("k6", "--answers", "0,0,17331,0,0,0"),
        ("k6", "--answers", "17331,0"),
    ],
)
def test_a_refused_answer_is_a_sentence_that_does_not_repeat_it(run, folder, arguments):
    result = run(*([arguments] if isinstance(arguments, str) else arguments))
    assert isinstance(result.exception, BadInput)
    assert "1733" not in str(result.exception) + result.output
    assert "nan" not in str(result.exception)
    assert stored(folder) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("k6", "--valence", "0.1"),
        ("--valence", "0.1", "--list"),
        ("k6", "--list"),
        ("k6", "--undo", "--answers", "0,0,0,0,0,0"),
        ("phq9",),
        ("k6", "--answers", "-,-,-,-,-,-"),
        ("--valence", "-"),
    ],
)
def test_what_makes_no_sense_is_a_sentence_and_stores_nothing(run, folder, arguments):
    result = run(*arguments)
    assert isinstance(result.exception, BadInput)
    assert stored(folder) == []


def test_listing_says_what_is_due_and_makes_no_database(run, folder):
    assert "k6                every 30 days  last never      due" in run("--list").stdout
    assert not (folder / "mood.db").exists()
    run("k10", "--answers", ",".join("1" * 10))
    due = {row["instrument"]: row["due"] for row in json.loads(run("--list", "--json").stdout)}
    assert due == {"affective_slider": True, "who5": True, "k6": False, "k10": False}


def test_the_last_check_in_can_be_taken_back(run, folder):
    run("--valence", "0.5")
    run("--valence", "-0.5")
    assert json.loads(run("--undo", "--json").stdout) == {"instrument": "affective_slider", "deleted": True}
    assert [found.answers["pleasure"] for found in stored(folder)] == [0.75]
    run("--undo")
    assert "there is none" in run("--undo").stdout


def test_a_file_of_the_listeners_own_is_asked(run, folder, tmp_path):
    own = tmp_path / "sleep.toml"
    own.write_text(
        'name = "sleep"\nversion = 1\ntitle = "Sleep"\nsource = "me"\nlicence = "mine"\ncopyright = "me"\n'
        'interval_days = 1\nperiod = "last night"\ninstruction = "Last night"\nscoring = "mean"\nrange = [0, 10]\n'
        'higher_means = "better sleep"\n[scale]\nminimum = 0\nmaximum = 10\n[[items]]\nid = "rest"\ntext = "Rested?"\n'
    )
    assert "Score 7.5, of 0 to 10; higher means better sleep." in run(str(own), "--answers", "7.5").stdout
    assert stored(folder)[0].instrument == "sleep"


def test_answers_cannot_be_read_in_the_profiles_files(run, folder, headless):
    run("k6", "--answers", HARD)
    found = everything_in(folder, headless)
    for planted in (b"affective_slider", b"hopeless", b"worthless"):
        assert planted not in found
