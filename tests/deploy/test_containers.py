"""Containerfiles and compose file: what they name exists, and the two sides fit together. No engine runs them here."""

import json
import re
import shlex
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml
from click import UsageError
from typer.main import get_command

from client.cli import app as client
from server.cli import app as server
from server.settings import Settings

ROOT = Path(__file__).parents[2]
CONTAINERS = ROOT / "deploy" / "containers"
VERBS = {"sottovoce-client": get_command(client), "sottovoce-server": get_command(server)}
COMPOSE = yaml.safe_load((CONTAINERS / "compose.yaml").read_text(encoding="utf-8"))
FILES = sorted(CONTAINERS.glob("*.Containerfile"))


def lines(file: Path) -> list[tuple[str, str]]:
    """Instruction and the rest of its line."""
    text = file.read_text(encoding="utf-8").replace("\\\n", " ")
    words = [line.partition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return [(instruction, rest.strip()) for instruction, _, rest in words]


def instructions(file: Path, name: str) -> list[str]:
    return [rest for instruction, rest in lines(file) if instruction == name]


def parsed(program: str, arguments: list[str]) -> None:
    """By the command line itself, which raises where a verb or an option is not known; nothing runs."""
    group = VERBS[program]
    with group.make_context(program, arguments, resilient_parsing=True) as context:
        context.resilient_parsing = False
        name, verb, rest = group.resolve_command(context, arguments)
        verb.make_context(name, rest, parent=context)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_only_instructions_that_there_are(file: Path) -> None:
    known = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "VOLUME", "EXPOSE", "HEALTHCHECK"}
    assert {instruction for instruction, _ in lines(file)} <= known | {"ENTRYPOINT", "CMD"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_it_copies_is_in_the_checkout(file: Path) -> None:
    copied = [shlex.split(rest)[:-1] for rest in instructions(file, "COPY") if not rest.startswith("--from")]
    for path in (path for paths in copied for path in paths):
        assert (ROOT / path).exists(), path
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {"pyproject.toml", "README.md", "LICENSE", *packages} == {path for paths in copied for path in paths}
    (extra,) = re.findall(r'pip install --no-cache-dir "\.\[(\w+)\]"', " ".join(instructions(file, "RUN")))
    assert extra in project["project"]["optional-dependencies"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_its_commands_are_known_to_the_command_line(file: Path) -> None:
    (program,) = json.loads(*instructions(file, "ENTRYPOINT"))
    (command,) = (json.loads(rest) for rest in instructions(file, "CMD"))
    assert (Path(sysconfig.get_path("scripts")) / program).exists()
    parsed(program, command)


def test_a_verb_that_there_is_not_is_found() -> None:
    with pytest.raises(UsageError, match="No such option"):
        parsed("sottovoce-server", ["up", "--folder", "x"])
    with pytest.raises(UsageError, match="No such command"):
        parsed("sottovoce-server", ["start"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_runs_as_somebody_who_is_not_root(file: Path) -> None:
    (user,) = instructions(file, "USER")
    assert f" {user}" in next(rest for rest in instructions(file, "RUN") if "useradd" in rest)


def test_both_sides_have_one_base_since_the_hash_of_a_bundle_depends_on_its_zlib() -> None:
    assert len({tuple(instructions(file, "ARG")) for file in FILES}) == 1
    assert {base for file in FILES for base in instructions(file, "FROM")} == {"${BASE} AS build", "${BASE}"}


def test_the_ports_are_those_of_the_settings() -> None:
    ports = Settings().ports
    (file,) = (file for file in FILES if file.stem == "server")
    assert instructions(file, "EXPOSE") == [f"{ports.distribution} {ports.superlink}"]
    published = [f"{port}:{port}" for port in (ports.distribution, ports.superlink)]
    assert COMPOSE["services"]["coordinator"]["ports"] == published
    assert f"127.0.0.1:{ports.metrics}/health" in instructions(file, "HEALTHCHECK")[0]


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_a_service_is_hardened_keeps_its_state_and_types_what_there_is(name: str) -> None:
    service = COMPOSE["services"][name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert "no-new-privileges:true" in service["security_opt"]
    file = (CONTAINERS / service["build"]["context"] / service["build"]["dockerfile"]).resolve()
    assert file in FILES
    (program,) = json.loads(*instructions(file, "ENTRYPOINT"))
    parsed(program, service["command"])
    (volume,) = (each.split(":") for each in service["volumes"])
    assert volume[0] in COMPOSE["volumes"]
    assert volume[1] in instructions(file, "VOLUME")


def test_no_passphrase_stands_in_the_file() -> None:
    given = COMPOSE["services"]["device"]["environment"]["SOTTOVOCE_PASSPHRASE"]
    assert given.startswith("${SOTTOVOCE_PASSPHRASE:?")
