"""The command line as a whole: help, exit codes, and what it never says."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer
from sqlalchemy import insert

from client.cli import app
from client.consent.purpose import Purpose
from client.profile import open_profile
from client.store.tables import answers, checkins, imports, library_tracks, listens, recordings
from tests.client.prepared import typed

REPOSITORY = Path(__file__).parents[3]
ENTRY = "from client.cli import main; main()"
IMPORTED = """
import sys
from client.cli import main
try:
    main()
finally:
    print(",".join(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""
MARK = "zqPLANTED"
SCORE = "17.331733173317"


def commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(group, click.Group):
        for name, command in group.commands.items():
            yield from commands(command, (*path, name))
    else:
        yield path, group


COMMANDS = dict(commands(typer.main.get_command(app)))


def in_a_process(*arguments: object, code: str = ENTRY, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        timeout=120,
        **options,
    )


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_that_names_it(path):
    ran = typed(*path, "--help")
    assert (ran.code, ran.err) == (0, "")
    said = " ".join(ran.out.split())
    assert "Example: " in said
    assert f"sottovoce-client {' '.join(path)}" in said.partition("Example: ")[2]
    assert "--dir" in said


@pytest.mark.parametrize("arguments", [(), ("consent",), ("key",)])
def test_without_a_command_it_shows_help_and_nothing_is_done(arguments):
    ran = typed(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"Usage: sottovoce-client{''.join(f' {each}' for each in arguments)} [OPTIONS] COMMAND")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("budget", "--nonsense"),
        ("budget", "nonsense"),
        ("settings", "--dir"),
        ("export",),
        ("import",),
        ("recommend", "-n", "zero"),
        ("recommend", "--mood", "nonsense"),
        ("erase", "--import", "one"),
        ("key", "nonsense"),
    ],
)
def test_a_mistake_in_typing_is_one_line_on_stderr_and_exit_code_2(folder, arguments):
    ran = typed(*arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith("sottovoce-client: ")


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in {("init",)}], ids=" ".join)
def test_every_command_says_in_one_sentence_that_no_profile_is_there(headless, tmp_path, path):
    (tmp_path / "plays.csv").write_text("a,b,c,1 Jan 2020 10:00\n")
    needed = {
        "import": ("lastfm", tmp_path / "plays.csv"),
        "scan": (tmp_path,),
        "export": ("--out", tmp_path / "mine.zip"),
        "erase": ("--all", "--yes"),
        "grant": ("mood",),
        "withdraw": ("mood",),
    }
    ran = typed(*path, *needed.get(path[-1], ()), "--dir", tmp_path / "nowhere")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert str(tmp_path / "nowhere") in ran.err
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.integration
@pytest.mark.parametrize(
    "arguments", [("--help",), ("recommend", "--help"), ("budget",), ("recommend", "--from", "catalogue")]
)
def test_what_answers_at_once_loads_neither_torch_nor_what_comes_with_it(folder, arguments):
    with open_profile(folder) as profile:
        profile.consents.decide(Purpose.LISTENING, granted=True, at_s=1)
    place = () if arguments[-1] == "--help" else ("--dir", folder)
    ran = in_a_process(*arguments, *place, code=IMPORTED)
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stderr.strip().splitlines()[-1].split(","))
    assert "client" in loaded
    assert not loaded & {"torch", "transformers", "alembic", "flwr", "torchaudio", "keyring"}


@pytest.fixture(scope="module")
def planted_once(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile with 600 plays, a track and a check-in, all marked."""
    folder = shutil.copytree(made / "profile", tmp_path_factory.mktemp("planted") / "profile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOTTOVOCE_PASSPHRASE", "forelle linde mond vogel")
        with open_profile(folder) as profile:
            profile.consents.decide(Purpose.LISTENING, granted=True, at_s=1)
            with profile.history.begin() as connection:
                connection.execute(insert(imports).values(id=1, format="spotify", file_name=MARK, started_at_s=1))
                for number in range(1, 601):
                    row = {"identity": f"{MARK}{number}", "artist": f"{MARK} artist", "title": f"{MARK} {number}"}
                    connection.execute(insert(recordings).values(id=number, **row))
                    play = {"recording_id": number, "started_at_s": 1_700_000_000 + number, "import_id": 1}
                    connection.execute(insert(listens).values(**play))
                track = {"path": f"/{MARK}.flac", "size_bytes": 1, "modified_ns": 1, "artist": MARK, "title": MARK}
                connection.execute(insert(library_tracks).values(**track))
            with profile.mood_for_writing().begin() as connection:
                row = {"at_s": 1, "instrument": "k6", "instrument_version": 1, "score": float(SCORE)}
                connection.execute(insert(checkins).values(id=1, **row))
                connection.execute(insert(answers).values(checkin_id=1, item="sad", value=float(SCORE)))
    return folder


@pytest.fixture
def planted(planted_once: Path, folder: Path) -> Path:
    shutil.rmtree(folder)
    return shutil.copytree(planted_once, folder)


def says_nothing_of_it(ran):
    """One sentence, no traceback, and no title, path or answer."""
    assert ran.returncode in (1, 2, 3), (ran.stdout, ran.stderr)
    assert ran.stdout == ""
    assert ran.stderr.count("\n") == 1
    assert ran.stderr.startswith("sottovoce-client: ")
    for secret in (MARK, "Traceback", SCORE, "forelle"):
        assert secret not in ran.stderr


@pytest.mark.integration
@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "--out", "out.zip"),
        ("recommend", "--from", "anywhere"),
        ("erase", "--import", "1", "--yes"),
        ("erase", "--to", "2030-01-01", "--yes"),
        ("key", "rotate"),
    ],
    ids=" ".join,
)
def test_line_25_a_damaged_history_is_one_sentence_that_tells_nothing_of_it(planted, tmp_path, arguments):
    content = bytearray((planted / "store.db").read_bytes())
    for page in range(3, len(content) // 4096):  # the schema stays whole, so that the profile opens
        content[page * 4096 + 2000] ^= 1
    (planted / "store.db").write_bytes(content)
    arguments = [tmp_path / each if each == "out.zip" else each for each in arguments]
    says_nothing_of_it(in_a_process(*arguments, "--dir", planted))
    assert not (tmp_path / "out.zip").exists()
    assert not list(tmp_path.glob(".out*"))


@pytest.mark.integration
@pytest.mark.parametrize(
    ("arguments", "most_bytes"),
    [
        (("export", "--out", "out.zip"), 2_000),
        (("consent", "grant", "mood"), 2_000),
        (("erase", "--import", "1", "--yes"), 30_000),
        (("erase", "--to", "2023-11-15", "--yes"), 30_000),
        (("key", "rotate"), 30_000),
        (("checkin", "--valence", "0.5"), 2_000),
        (("settings", "retention.listens_days=7"), 5),
    ],
    ids=str,
)
def test_line_25_a_full_disk_is_one_sentence_that_tells_nothing_and_breaks_nothing(
    planted, tmp_path, arguments, most_bytes
):
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    arguments = [tmp_path / each if each == "out.zip" else each for each in arguments]
    says_nothing_of_it(in_a_process(*arguments, "--dir", planted, preexec_fn=full))
    assert not (tmp_path / "out.zip").exists()
    assert not list(tmp_path.glob(".out*"))
    ran = typed("export", "--json", "--out", tmp_path / "after.zip", "--dir", planted)
    assert ran.code == 0, ran.err
    assert '"checkins": 1' in ran.out


@pytest.mark.integration
def test_line_25_a_passphrase_that_is_wrong_is_never_repeated(planted, monkeypatch):
    monkeypatch.setenv("SOTTOVOCE_PASSPHRASE", "zq secret words here")
    ran = in_a_process("budget", "--dir", planted)
    says_nothing_of_it(ran)
    assert "zq secret" not in ran.stderr
