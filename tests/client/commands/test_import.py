import json

import pytest
import typer
from typer.testing import CliRunner

from client.commands.import_ import EPILOG, import_
from client.consent.purpose import Purpose
from client.ingest.formats import FormatName
from client.profile import open_profile
from shared_model.errors import BadInput, Refused
from tests.client.conftest import everything_in

FIXTURES = "tests/fixtures"
KEYS = {"format", "imported", "duplicate", "skipped", "malformed", "faults", "import", "dry_run"}


@pytest.fixture
def run(folder, request):
    app = typer.Typer()
    app.command(epilog=EPILOG)(import_)
    fixtures = request.config.rootpath / FIXTURES

    def invoke(name, source, *options):
        return CliRunner().invoke(app, [name, str(fixtures / source), "--dir", str(folder), *options])

    return invoke


@pytest.fixture
def agreed(folder):
    with open_profile(folder) as profile:
        profile.consents.decide(Purpose.LISTENING, granted=True, at_s=1)


def test_without_a_consent_nothing_is_imported(run, folder):
    result = run("spotify", "spotify/extended.zip", "--json")
    assert isinstance(result.exception, Refused)
    assert result.stdout == ""


@pytest.mark.usefixtures("agreed")
def test_the_result_as_json_is_the_only_thing_printed(run):
    result = run("spotify", "spotify/extended.zip", "--json")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed.keys() == KEYS
    assert (printed["imported"], printed["duplicate"], printed["malformed"]) == (109, 3, 4)
    assert printed["skipped"] == {
        "audiobook": 1,
        "incognito": 2,
        "no track": 1,
        "not played": 1,
        "podcast": 1,
        "video": 1,
    }
    assert (printed["import"], printed["dry_run"], len(printed["faults"])) == (1, False, 4)
    assert result.stderr == ""
    again = json.loads(run("spotify", "spotify/extended.zip", "--json").stdout)
    assert (again["imported"], again["duplicate"]) == (0, 112)


@pytest.mark.usefixtures("agreed")
def test_a_dry_run_says_so_and_leaves_the_next_one_everything_to_do(run):
    dry = json.loads(run("auto", "lastfm/pages.json", "--dry-run", "--json").stdout)
    assert (dry["imported"], dry["import"], dry["dry_run"], dry["format"]) == (26, None, True, "lastfm")
    words = run("lastfm", "lastfm/pages.json", "--dry-run").stdout
    assert "nothing written (--dry-run)" in words
    assert "26  would be imported" in words
    assert json.loads(run("lastfm", "lastfm/pages.json", "--json").stdout)["imported"] == 26


@pytest.mark.usefixtures("agreed")
def test_words_name_every_count_and_every_fault(run):
    result = run("spotify", "spotify/extended.zip")
    assert result.stdout.splitlines()[:4] == [
        "spotify: 123 entries read",
        "       109  imported",
        "         3  duplicate",
        "         1  skipped: audiobook",
    ]
    assert "entry 21 of Streaming_History_Audio_2024_1.json has no 'ts'" in result.stdout
    assert result.stderr == ""  # no bar where there is no terminal


@pytest.mark.usefixtures("agreed")
def test_a_file_of_another_format_is_refused_and_its_own_named(run):
    result = run("research", "spotify/extended.zip")
    assert isinstance(result.exception, BadInput)
    assert str(result.exception) == (
        "import: extended.zip holds no history of the format research, but of spotify; name spotify instead"
    )


@pytest.mark.usefixtures("agreed")
def test_a_listener_is_chosen_and_not_kept(run, folder):
    result = run("research", "research/two-listeners.tsv", "--user", "user_2_zqPRIVATEqz", "--json")
    printed = json.loads(result.stdout)
    assert (printed["imported"], printed["skipped"]) == (12, {"other listener": 21})
    assert "zqPRIVATEqz" not in result.output


@pytest.mark.usefixtures("agreed")
def test_nothing_of_an_export_lies_readable_in_the_profile(run, folder):
    for source in ("spotify/extended.zip", "listenbrainz/export.zip", "lastfm/with-header.csv"):
        run("auto", source)
    assert b"zqPRIVATEqz" not in everything_in(folder)
    assert b"Brahms" not in everything_in(folder)


@pytest.mark.usefixtures("agreed")
def test_the_documented_example_is_what_is_printed(run, request):
    documented = (request.config.rootpath / "docs/importing.md").read_text("utf-8")
    assert f"```\n{run('spotify', 'spotify/extended.zip').stdout}```\n" in documented


def test_help_names_every_format():
    app = typer.Typer()
    app.command(epilog=EPILOG)(import_)
    text = CliRunner().invoke(app, ["--help"]).stdout
    assert all(name in text for name in FormatName)


@pytest.mark.usefixtures("agreed")
def test_a_log_that_knows_no_zone_says_what_was_assumed_unless_its_owner_says(run):
    assumed = run("scrobbler-log", "scrobbler-log/.scrobbler.log")
    assert "its times were taken as UTC" in assumed.stderr
    assert "UTC" not in assumed.stdout
    elsewhere = run("scrobbler-log", "scrobbler-log/.scrobbler.log", "--timezone", "Asia/Kolkata", "--json")
    assert elsewhere.stderr == ""
    assert json.loads(elsewhere.stdout)["imported"] == 20  # five and a half hours earlier: other plays


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_what_is_no_time_zone_is_a_sentence(run, zone):
    result = run("scrobbler-log", "scrobbler-log/.scrobbler.log", "--timezone", zone)
    assert isinstance(result.exception, BadInput)
    assert "names no time zone; say it like Europe/Berlin" in str(result.exception)
