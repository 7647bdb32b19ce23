"""Write docs/scenarios.md, settings.md and cli.md from what they describe: `make docs`. A test keeps them true."""

from pathlib import Path
from types import UnionType
from typing import get_args

import typer.main
from click import Command, Context, Group
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from client.cli import app as client
from client.settings import Settings
from server.cli import app as server
from server.settings import Settings as ServerSettings
from simulations.auditing.cli import app as audit
from simulations.cli import app
from simulations.epsilon.scenario import EpsilonScenario
from simulations.quality.scenario import QualityScenario
from simulations.scenario import Scenario, read_scenario, shipped_scenarios

HERE = Path(__file__).parent


def scenarios_page() -> str:
    """Every setting of a scenario, and the scenarios that are shipped."""
    lines = [
        "# Scenario files",
        "",
        "Written by `make docs` from `simulations/scenario.py`. A scenario is a TOML file; `--set key=value` lays a",
        "setting over it, with dots for nesting (`--set privacy.epsilon=2`); an empty value takes a setting away",
        "(`--set rounds=`). Its `kind` says which job it is: `federated` (the default), release 0 and then rounds with",
        "and without privacy; `quality`, release 0 alone in the clear, measured at length ([report.md](report.md)); or",
        "`epsilon`, private transitions beside release 0, at each epsilon ([epsilon-table.md](epsilon-table.md)).",
        "",
        "## Shipped",
        "",
        "| name | kind | title | variants |",
        "|---|---|---|---|",
    ]
    for name in shipped_scenarios():
        scenario = read_scenario(name, [])
        names = [variant.name for variant in scenario.variants] if isinstance(scenario, Scenario) else []
        lines.append(f"| `{name}` | {scenario.kind} | {scenario.title} | {', '.join(names) or '–'} |")
    lines += ["", "## Settings of a federated scenario", ""]
    lines += _section("", Scenario)
    lines += ["", "## Settings of a quality scenario", ""]
    lines += _section("", QualityScenario)
    lines += ["", "## Settings of an epsilon scenario", ""]
    lines += _section("", EpsilonScenario)
    return "\n".join(lines) + "\n"


def cli_page() -> str:
    """The help of every command."""
    lines = ["# Commands", "", "Written by `make docs` from the commands' own help.", ""]
    for name, commands in (
        ("sottovoce-client", client),
        ("sottovoce-server", server),
        ("sottovoce-simulate", app),
        ("sottovoce-audit", audit),
    ):
        lines += _help(name, typer.main.get_command(commands))
    return "\n".join(lines).rstrip() + "\n"


def settings_page() -> str:
    """Every setting of a device."""
    lines = [
        "# Settings of a device",
        "",
        "Written by `make docs` from `client/settings.py`. They stand in `settings.toml` of the profile.",
        "`sottovoce-client settings` prints them, `sottovoce-client settings retention.listens_days=3650` sets one, an",
        "empty value takes it away.",
        "",
    ]
    lines += _section("", Settings)
    lines += [
        "",
        "# Settings of a coordinator",
        "",
        "In `settings.toml` of its folder; `sottovoce-server init --set KEY=VALUE` chooses them.",
        "",
    ]
    return "\n".join(lines + _section("", ServerSettings)) + "\n"


def _section(prefix: str, model: type[BaseModel]) -> list[str]:
    rows, nested = ["| setting | default | meaning |", "|---|---|---|"], []
    for name, field in model.model_fields.items():
        inner = _inner(field)
        if inner is not None:
            meaning = " ".join(str(inner.__doc__).split())
            nested += ["", f"### [{prefix}{name}]", "", meaning, "", *_section(f"{prefix}{name}.", inner)]
        else:
            rows.append(f"| `{prefix}{name}` | {_default(field)} | {field.description} |")
    return [*rows, *nested]


def _inner(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, be it an optional one; None for a plain setting."""
    kinds = get_args(field.annotation) if isinstance(field.annotation, UnionType) else (field.annotation,)
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is None or field.default == ():
        return "–"
    return f"`{list(field.default) if isinstance(field.default, tuple) else field.default}`"


def _help(name: str, command: Command) -> list[str]:
    context = Context(command, info_name=name, max_content_width=110, terminal_width=110)
    lines = [f"## {name}", "", "```", command.get_help(context), "```", ""]
    if isinstance(command, Group):
        for child in command.list_commands(context):
            lines += _help(f"{name} {child}", command.commands[child])
    return lines


def main() -> None:
    """Write both pages."""
    (HERE / "scenarios.md").write_text(scenarios_page(), encoding="utf-8")
    (HERE / "cli.md").write_text(cli_page(), encoding="utf-8")
    (HERE / "settings.md").write_text(settings_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
