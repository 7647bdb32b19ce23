"""sottovoce-simulate: federated rounds on one machine, from a catalogue to a report."""

import json
import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from shared_model.command_line import answer
from shared_model.errors import BadInput

if TYPE_CHECKING:
    from simulations.epsilon.result_schema import EpsilonResult
    from simulations.quality.result_schema import QualityResult
    from simulations.report.result_schema import Result

app = typer.Typer(
    name="sottovoce-simulate",
    help="Simulate private, federated music recommendation on one machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
datasets = typer.Typer(help="Catalogues and listening to simulate with.", no_args_is_help=True)
app.add_typer(datasets, name="datasets")

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout; its last line is the result.")]


class Part(StrEnum):
    """What is measured."""

    ENGINE = "engine"
    AUDITS = "audits"
    DEVICE = "device"
    DEPLOYED = "deployed"
    SECAGG = "secagg"


class EngineName(StrEnum):
    """Who carries the rounds."""

    IN_PROCESS = "in-process"
    FLOWER = "flower"


@app.command(epilog="Example: sottovoce-simulate run quick --set privacy.epsilon=2 --out runs/two")
def run(
    scenario: Annotated[str, typer.Argument(help="Name of a shipped scenario, or path of a .toml file.")],
    out: Annotated[Path | None, typer.Option(help="Run folder. Default: runs/SCENARIO-TIME.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder or file of real listening, or of `datasets build`.")] = None,
    engine: Annotated[EngineName, typer.Option(help="In one process, or by Flower and Ray.")] = EngineName.IN_PROCESS,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE, dots for nesting; may be repeated.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that lies in --out.")] = False,
    as_json: Json = False,
) -> None:
    """Run a scenario and write tables, result.json, predictions.npz, TensorBoard scalars and a page."""
    # torch takes seconds to import: `--help` and `datasets list` do without
    from simulations.scenario import read_scenario

    if resume and out is None:
        raise BadInput("--resume: say with --out which run is to go on")
    checked = read_scenario(scenario, settings or [])

    from simulations.engines.by_name import ENGINES
    from simulations.epsilon.run import EpsilonJob, run_epsilon
    from simulations.epsilon.scenario import EpsilonScenario
    from simulations.quality.run import QualityJob, run_quality
    from simulations.quality.scenario import QualityScenario
    from simulations.report.comparison import print_comparison, write_comparison
    from simulations.report.page import PAGE_NAME
    from simulations.run import Job
    from simulations.stages import Stages
    from simulations.variants import run_once, run_variants

    name = Path(scenario).stem
    folder = out or Path("runs") / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    progress, console = Console(stderr=True), Console()
    if isinstance(checked, QualityScenario | EpsilonScenario) and engine is not EngineName.IN_PROCESS:
        raise BadInput(f"--engine {engine}: a scenario of kind {checked.kind} has no rounds; leave --engine out")
    if isinstance(checked, EpsilonScenario):
        epsilon_job = EpsilonJob(scenario=checked, name=name, data=data)
        table = run_epsilon(epsilon_job, folder, resume=resume, stages=Stages(progress))
        _show(table, console, page=folder / PAGE_NAME, as_json=as_json)
        return
    if isinstance(checked, QualityScenario):
        quality_job = QualityJob(scenario=checked, name=name, data=data)
        quality = run_quality(quality_job, folder, resume=resume, stages=Stages(progress))
        _show(quality, console, page=folder / PAGE_NAME, as_json=as_json)
        return
    job = Job(scenario=checked, name=name, variant=None, data=data, engine_name=engine, engine=ENGINES[engine])
    if checked.variants:
        results = run_variants(job, folder, resume=resume, new_stages=lambda: Stages(progress))
        page = write_comparison(results, folder)
        if not as_json:
            print_comparison(console, results, page=page)
        else:
            variants = [result.model_dump(mode="json", by_alias=True) for result in results]
            print(json.dumps({"scenario": name, "page": str(page), "variants": variants}))
        return
    result = run_once(job, folder, resume=resume, stages=Stages(progress))
    _show(result, console, page=folder / PAGE_NAME, as_json=as_json)


@app.command("release-0", epilog="Example: sottovoce-simulate release-0 starter --out starter.safetensors")
def release_0(
    scenario: Annotated[str, typer.Argument(help="Name of a shipped scenario, or path of a .toml file.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    data: Annotated[Path | None, typer.Option(help="Folder or file of real listening, or of `datasets build`.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE, dots for nesting; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train release 0 of a scenario on its public listeners, in the clear, and write it as it ships to devices."""
    from simulations.scenario import read_learning

    checked = read_learning(scenario, settings or [])

    from shared_model.release_0.release_file import read_release_0, write_release_0
    from simulations.pretraining.shipped import train_shipped
    from simulations.stages import Stages

    made = train_shipped(checked, name=Path(scenario).stem, data=data, stages=Stages(Console(stderr=True)))
    write_release_0(made, out, half=True)
    written = read_release_0(out)
    about = {
        "file": str(out),
        "size_bytes": out.stat().st_size,
        "sha256": written.sha256,
        "simulated": written.simulated,
        "tracks": len(written.tracks),
        "plays": int(written.statistics.plays.sum()),
        "head_parameters": sum(numbers.size for numbers in written.head.parameters.values()),
    }
    if as_json:
        print(json.dumps(about))
        return
    listeners = "SIMULATED public listeners" if written.simulated else "public listeners"
    print(f"{out}: {about['tracks']:,} tracks, {about['plays']:,} plays of {listeners}, ", end="")
    print(f"a head of {about['head_parameters']:,} numbers, {about['size_bytes']:,} bytes, sha256 {about['sha256']}")


@app.command(epilog="Example: sottovoce-simulate report runs/quick")
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a finished run, or of one variant.")], as_json: Json = False
) -> None:
    """Print a finished run again, and write its page anew."""
    from simulations.epsilon.page import write_page as write_epsilon_page
    from simulations.epsilon.result_schema import is_epsilon, parse_epsilon
    from simulations.quality.page import write_page as write_quality_page
    from simulations.quality.result_schema import is_quality, parse_quality
    from simulations.report.page import PAGE_NAME, page_from_folder
    from simulations.report.result_schema import load_result, read_content

    source, page = folder / "result.json", folder / PAGE_NAME
    content = read_content(source)
    if is_quality(content):
        quality = parse_quality(content, source=str(source))
        write_quality_page(quality, page)
        _show(quality, Console(), page=page, as_json=as_json)
        return
    if is_epsilon(content):
        table = parse_epsilon(content, source=str(source))
        write_epsilon_page(table, page)
        _show(table, Console(), page=page, as_json=as_json)
        return
    page_from_folder(folder)
    _show(load_result(source), Console(), page=page, as_json=as_json)


def _show(result: "Result | QualityResult | EpsilonResult", console: Console, *, page: Path, as_json: bool) -> None:
    """Tables for people, or one line of JSON."""
    from simulations.epsilon.result_schema import EpsilonResult
    from simulations.epsilon.terminal import print_epsilon
    from simulations.quality.result_schema import QualityResult
    from simulations.quality.terminal import print_quality
    from simulations.report.terminal import print_result

    if as_json:
        print(json.dumps(result.model_dump(mode="json", by_alias=True)))
    elif isinstance(result, QualityResult):
        print_quality(console, result, page=page)
    elif isinstance(result, EpsilonResult):
        print_epsilon(console, result, page=page)
    else:
        print_result(console, result, page=page)


@datasets.command("list")
def list_datasets(as_json: Json = False) -> None:
    """What can be simulated on, and where it is read from."""
    from simulations.datasets.listing import DATASETS, as_table

    if as_json:
        print(json.dumps([dataset.as_json() for dataset in DATASETS]))
    else:
        Console().print(as_table())


@datasets.command("build", epilog="Example: sottovoce-simulate datasets build lieder --from lieder --out built")
def build_dataset(
    name: Annotated[str, typer.Argument(help="`lieder`, the one catalogue that is built.")],
    source: Annotated[Path, typer.Option("--from", help="Folder with songs.jsonl and audio/.")],
    out: Annotated[Path, typer.Option(help="Folder for songs.json and vectors.safetensors.")],
    lyrics_model: Annotated[
        str | None, typer.Option(help="Hugging Face folder or hub name. Default: the packages of the test extra.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Encode lyrics and clips of a catalogue, for `run --data`. Interrupted, the same command goes on."""
    if name != "lieder":
        raise BadInput(f"datasets build: there is no catalogue called '{name}' to build; the only one is lieder")

    from simulations.datasets.lieder_build import build_lieder
    from simulations.stages import Stages

    built = build_lieder(source, out, lyrics_model=lyrics_model, stages=Stages(Console(stderr=True)))
    if as_json:
        print(json.dumps(built))
        return
    print(f"{out}: {built['songs']:,} songs, {built['encoded_before']:,} vectors of an interrupted build among them")
    for modality, encoder in built["encoders"].items():
        print(f"  {modality} by {encoder}")


@app.command(epilog="Example: sottovoce-simulate benchmark device --json")
def benchmark(
    parts: Annotated[
        list[Part] | None,
        typer.Argument(metavar="[PART]...", help="engine, audits, device, deployed, secagg. Default: all."),
    ] = None,
    as_json: Json = False,
) -> None:
    """What the project costs, in CPU seconds: client updates against a plain PyTorch loop without privacy (above 1, the
    engine is faster); audits; a listener's device; secure aggregation beside Flower's. Of deployed rounds also seconds,
    bytes and memory."""
    from simulations.benchmark.measure import measure
    from simulations.stages import Stages

    found = measure(list(parts or Part), Stages(Console(stderr=True)).stage)
    if as_json:
        print(json.dumps(found.as_json()))
    else:
        for line in found.lines():
            print(line)


def main() -> None:
    """Entry point. A mistake of the user gets a sentence, never a traceback."""
    # before numpy and torch are imported: matrices are small here, and threads that wait for each other double the CPU
    # time, and more where other programs run (benchmarks/NOTES.md); nor do results then depend on the number of cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    answer(
        app,
        "sottovoce-simulate",
        mend="free space or check the paths, then --resume",
        stopped="stopped; the same command with --resume (and --out) goes on",
    )
