"""sottovoce-audit: what privacy was spent, whether the books add up, and whether the mechanism does what it says."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared_model.command_line import answer
from shared_model.errors import BadInput, Refused

if TYPE_CHECKING:
    from shared_model.auditing.epsilon import Question
    from shared_model.auditing.finding import Verified
    from simulations.stages import Stages

app = typer.Typer(
    name="sottovoce-audit",
    help="Check privacy without trusting anybody: from numbers, from files, and by experiment.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
BROKEN = 1
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, dots for nesting; may be repeated.")]
Data = Annotated[Path | None, typer.Option(help="Folder or file of real listening, as for sottovoce-simulate run.")]
Scenario = Annotated[str, typer.Argument(help="Name of a shipped scenario, or path of a .toml file.")]
Seed = Annotated[int, typer.Option(min=0, help="Of canaries and other updates, never of the noise.")]


class RelationName(StrEnum):
    """How neighbouring data sets differ in one device."""

    ADD_OR_REMOVE = "add-or-remove"
    REPLACE_ONE = "replace-one"
    ZERO_OUT = "zero-out"


class SamplingName(StrEnum):
    """How cohorts are drawn."""

    POISSON = "poisson"
    FIXED = "fixed"
    NONE = "none"


@app.command(
    epilog="Example: sottovoce-audit epsilon --sample-rate 0.01 --noise-multiplier 0.8 --rounds 500 --delta 1e-6"
)
def epsilon(
    sample_rate: Annotated[float, typer.Option(help="Chance of a device to be in a round.")],
    delta: Annotated[float, typer.Option(help="Below one over the population.")],
    noise_multiplier: Annotated[float | None, typer.Option(help="Noise standard deviation / clip norm.")] = None,
    rounds: Annotated[int | None, typer.Option(help="Rounds; with --sampling none those of one device.")] = None,
    target: Annotated[
        float | None, typer.Option("--epsilon", help="Solve for the noise, or the rounds, that keep this epsilon.")
    ] = None,
    relation: Annotated[RelationName, typer.Option(help="Neighbouring relation.")] = RelationName.ADD_OR_REMOVE,
    sampling: Annotated[SamplingName, typer.Option(help="How cohorts are drawn.")] = SamplingName.POISSON,
    as_json: Json = False,
) -> None:
    """Epsilon of Gaussian releases by two accountants, with everything that gives it a meaning."""
    from shared_model.auditing.epsilon import Question, solved
    from shared_model.privacy.spent import Relation, Sampling

    question = Question(
        sample_rate=sample_rate,
        noise_multiplier=noise_multiplier,
        rounds=rounds,
        delta=delta,
        relation=Relation(relation + ("-one" if relation is RelationName.ADD_OR_REMOVE else "")),
        sampling=Sampling.FIXED_SIZE if sampling is SamplingName.FIXED else Sampling(sampling),
    )
    if target is not None:
        question = solved(question, epsilon=target)
    elif noise_multiplier is None or rounds is None:
        raise BadInput("epsilon: give --noise-multiplier and --rounds, or --epsilon in the place of one of them")
    said = _epsilons(question)
    if as_json:
        print(json.dumps(said))
        return
    for name, value in said.items():
        if value is not None:
            print(
                f"{name.replace('_', ' '):<22} {value:.6g}"
                if isinstance(value, float)
                else f"{name.replace('_', ' '):<22} {value}"
            )


@app.command(epilog="Example: sottovoce-audit verify runs/quick --key release.pub")
def verify(
    path: Annotated[Path, typer.Argument(help="Folder of a run, a coordinator, a round log or a device, or a ledger.")],
    key: Annotated[Path | None, typer.Option(help="Public key that you trust: PEM, or a log's name+hash+key.")] = None,
    as_json: Json = False,
) -> None:
    """Recompute every epsilon, check chains, signatures, proofs and hashes. Exit code 1 names the first broken line."""
    found = _verified(path, key)
    if as_json:
        findings = [{"line": each.line, "what": each.what, "ok": each.ok} for each in found.findings]
        print(json.dumps({"ok": found.ok, "verdict": found.verdict, "findings": findings}))
    else:
        for each in found.findings:
            print(each)
        print(found.verdict)
    if not found.ok:
        raise typer.Exit(BROKEN)


@app.command(epilog="Example: sottovoce-audit mechanism quick --trials 100000 --claim-noise-multiplier 0.6")
def mechanism(
    scenario: Scenario,
    trials: Annotated[int, typer.Option(min=100, help="Releases with a canary, and as many without.")] = 100_000,
    claim_noise_multiplier: Annotated[
        float | None, typer.Option(min=1e-3, help="Claim that is tested. Default: the scenario's own.")
    ] = None,
    false_alarms: Annotated[float, typer.Option(min=1e-9, max=0.5, help="Chance that a true claim fails.")] = 1e-4,
    size: Annotated[int, typer.Option(min=2, help="Numbers of an update in these trials.")] = 64,
    full_size_trials: Annotated[int, typer.Option(help="Trials at the scenario's full size; 0 leaves it out.")] = 2000,
    seed: Seed = 0,
    settings: Settings = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """G0: try to refute the noise of one round through the code that clips, sums and adds it."""
    from simulations.auditing.gates import audit_noise

    said = audit_noise(
        scenario,
        settings or [],
        data=data,
        trials=trials,
        claim=claim_noise_multiplier,
        false_alarms=false_alarms,
        size=size,
        full_size_trials=full_size_trials,
        seed=seed,
        watched=_stages().stage,
    )
    _tell(said, as_json=as_json)


@app.command("one-run", epilog="Example: sottovoce-audit one-run quick --canaries 1000 --set rounds=50")
def one_run(
    scenario: Scenario,
    canaries: Annotated[int, typer.Option(min=20, help="Devices with a known update, half of which take part.")] = 1000,
    false_alarms: Annotated[float, typer.Option(min=1e-9, max=0.5, help="Chance that a true claim fails.")] = 0.05,
    seed: Seed = 0,
    settings: Settings = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """G1: run the whole scenario once with canaries, and look for them in the models that it releases."""
    from simulations.auditing.gates import audit_run

    said = audit_run(
        scenario,
        settings or [],
        data=data,
        canaries=canaries,
        false_alarms=false_alarms,
        seed=seed,
        watched=_stages().stage,
    )
    _tell(said, as_json=as_json)


@app.command(epilog="Example: sottovoce-audit report runs/quick --out audit.html --experiment one-run.json")
def report(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    out: Annotated[Path, typer.Option(help="The page that is written.")],
    experiment: Annotated[
        list[Path] | None, typer.Option(help="What `mechanism` or `one-run` printed with --json; may be repeated.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Public key that you trust, as for `verify`.")] = None,
) -> None:
    """Claimed against recomputed against seen, on one page that needs no network. Exit code 1 where `verify` fails."""
    from shared_model.auditing.verify_run import RESULT
    from simulations.auditing.report import write_audit

    if not (run / RESULT).exists():
        raise BadInput(f"{run}: holds no finished run; give a folder with {RESULT}")
    verified = _verified(run, key)
    write_audit(run, out, verified=verified, experiments=experiment or [])
    print(f"{verified.verdict}; page: {out}")
    if not verified.ok:
        raise typer.Exit(BROKEN)


def main() -> None:
    """Entry point. A mistake of the user gets a sentence, never a traceback."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in simulations/cli.py
    answer(app, "sottovoce-audit", mend="check the path", io_exit_code=BadInput.exit_code)


def _epsilons(question: "Question") -> dict[str, Any]:
    """What `epsilon --json` prints."""
    from shared_model.auditing.epsilon import answer, own_epsilon
    from shared_model.privacy.coverage import Accounted
    from shared_model.privacy.spent import Adversary, Trust, Unit

    try:
        found = answer(question)
    except Refused as error:  # a question may be asked that no plan may rest on
        found = Accounted(pld=None, rdp=None, pld_by="none", pld_reason=str(error), rdp_reason=str(error))
    return {
        "pld": found.pld,
        "rdp": found.rdp,
        "device_in_every_round": own_epsilon(question),
        "delta": question.delta,
        "unit": Unit.DEVICE.value,
        "relation": question.relation.value,
        "adversary": Adversary.RELEASE_READER.value,
        "trust": Trust.CENTRAL.value,
        "sampling": question.sampling.value,
        "pld_by": found.pld_by,
        "pld_reason": found.pld_reason,
        "rdp_reason": found.rdp_reason,
        "noise_multiplier": question.noise_multiplier,
        "rounds": question.rounds,
        "sample_rate": question.sample_rate,
    }


def _verified(path: Path, key: Path | None) -> "Verified":
    """By what lies at `path`. torch is not needed, and not imported."""
    from client.files import LEDGER
    from shared_model.auditing.verify import verify_ledger, verify_round_log
    from shared_model.auditing.verify_run import LOG, RESULT, read_key, verify_run
    from shared_model.books.round_log import LEAVES

    if not (path / RESULT).exists() and (path / LOG / LEAVES).exists():
        path /= LOG  # a coordinator's folder
    elif (path / LEDGER).exists():
        path /= LEDGER  # a device's
    if path.is_file():
        if key is not None:
            raise BadInput("verify: a ledger is authenticated by the device's own secret, not by --key; leave it out")
        return verify_ledger(path, device_key=None)
    if (path / RESULT).exists():
        if not (path / LOG).is_dir():
            raise BadInput(
                f"{path}: a run without rounds (a quality job), or of an older version: it has no log to verify"
            )
        known = None if key is None else read_key(key, log=path / LOG)
        return verify_run(path, key=known)
    if (path / LEAVES).exists():
        return verify_round_log(path, key=None if key is None else read_key(key, log=path))
    raise BadInput(
        f"{path}: neither a finished run (or variant), nor a coordinator, a round log, a device or a ledger; give one"
    )


def _stages() -> "Stages":
    """Bars on stderr."""
    from rich.console import Console

    from simulations.stages import Stages

    return Stages(Console(stderr=True))


def _tell(said: dict[str, Any], *, as_json: bool) -> None:
    """Print a gate's verdict; exit code 1 where the claim was refuted."""
    if as_json:
        print(json.dumps(said))
    else:
        _print(said)
    if not said["passes"]:
        raise typer.Exit(BROKEN)


def _print(said: dict[str, Any]) -> None:
    for name, value in said.items():
        print(f"{name.replace('_', ' '):<28} {f'{value:.6g}' if isinstance(value, float) else value}")
