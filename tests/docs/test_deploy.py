"""docs/deploy.md: what is to be typed is typed, in the order of the page, and every other command of it is known."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.deploy.test_containers import VERBS, parsed
from tests.server.coordinator import free_port

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
TYPED = [block for language, block in BLOCKS if language == "sh"]
PORTS = ("distribution", "superlink", "metrics")
LONGEST_S = 420


def commands() -> list[list[str]]:
    """Of this project, anywhere in the page's blocks."""
    lines = PAGE.replace("\\\n", " ").splitlines()
    found = [re.search(rf"({'|'.join(VERBS)}) [a-z].*", line) for line in lines]
    words = [re.split(r"[|;`&]| 2> ", match[0])[0] for match in found if match]
    return [shlex.split(each) for each in words if " --" in each or " $" in each]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_of_the_page_is_known(words: list[str]) -> None:
    parsed(words[0], words[1:])


def test_the_page_types_what_brings_a_federation_to_life() -> None:
    verbs = {(words[0], words[1]) for words in commands()}
    assert {("sottovoce-server", "init"), ("sottovoce-server", "up"), ("sottovoce-client", "join")} <= verbs


def test_the_units_are_installed_where_the_page_puts_them() -> None:
    for path in re.findall(r"deploy/[\w./-]+", PAGE):
        assert (ROOT / path).exists(), path


@pytest.mark.integration
@pytest.mark.slow
def test_from_nothing_to_three_finished_rounds_as_it_is_typed(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/fixtures/spotify/extended.zip", tmp_path / "my_spotify_data.zip")
    ports = " ".join(f"--set ports.{name}={free_port()}" for name in PORTS)
    script = "\n".join(TYPED).replace("server init coordinator ", f"server init coordinator {ports} ", 1)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "SOTTOVOCE_"))},
        "HOME": str(tmp_path / "home"),
        "PATH": sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"],
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "OMP_NUM_THREADS": "1",
    }
    typed = subprocess.Popen(
        ["bash", "-eu", "-c", script], cwd=tmp_path, env=environment, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        printed, _ = typed.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        os.killpg(typed.pid, signal.SIGTERM)
        printed, _ = typed.communicate(timeout=60)
        logs = [file.read_text()[-2000:] for file in tmp_path.glob("*.log")]
        pytest.fail("\n".join(["it did not end", printed[-2000:], *logs]))
    assert typed.returncode == 0, printed
    for line in _shown():
        assert line in printed, f"{line!r} of the page was not printed; this was:\n{printed}"
    logged = "".join(file.read_text() for file in tmp_path.glob("*.log"))
    assert "Traceback" not in printed + logged


def _shown() -> list[str]:
    """What the page says is printed, but for parts that change with the day and the keys."""
    last = max(place for place, (language, _) in enumerate(BLOCKS) if language == "sh") + 1
    lines = [line for language, block in BLOCKS[: last + 1] if not language for line in block.splitlines()]
    kept = [re.split(r"\.\.\.|localhost:|\(invited", line)[0].rstrip() for line in lines]
    return [line for line in kept if line]


def test_the_scores_are_those_that_the_units_are_held_to() -> None:
    from tests.deploy.test_units import EXPOSURE

    told = [float(score) for score in re.findall(r"(?:coordinator|device|page) ([0-9.]+)(?=,| and| of 10)", PAGE)]
    assert [round(bound - 0.1, 1) for bound in EXPOSURE.values()] == told
