"""An audited run as one HTML file: what is claimed, what comes out when it is computed again, what experiments saw."""

import json
from pathlib import Path
from typing import Any

from shared_model.auditing.finding import Verified
from shared_model.auditing.verify_run import RELEASE
from shared_model.durable import write_atomically
from shared_model.errors import BadInput
from shared_model.manifest import Manifest
from shared_model.privacy.spending import device_spent, population_spent
from shared_model.release_envelope import opened, read_raw
from simulations.auditing.trade_off_plot import trade_off
from simulations.report.content import Illustration, Table, plain_table
from simulations.report.page import render
from simulations.report.plots_by_round import epsilon_by_round
from simulations.report.privacy_words import device_epsilon, explanation, population_epsilon, terms
from simulations.report.result_schema import Result, load_result
from simulations.report.wording import epsilon, small
from simulations.run_folder import RunFolder

_SAID = ("epsilon_claimed", "epsilon_lower_bound", "delta", "passes", "rounds")


def write_audit(run: Path, out: Path, *, verified: Verified, experiments: list[Path]) -> None:
    """Write the page of the run folder `run` to `out`.

    verified: what `verify_run` found; experiments: what the gates printed with --json. Raises BadInput where one of
    them cannot be read.
    """
    folder = RunFolder(run)
    result = load_result(folder.result)
    manifest = _manifest(run / RELEASE)
    page = render(
        "audit.html.j2",
        result=result,
        verdict=verified.verdict,
        ok=verified.ok,
        numbers=_numbers(result, manifest, [_experiment(path) for path in experiments]),
        sentences=(population_epsilon(result), device_epsilon(result), *explanation(result)),
        figures=_figures(result, manifest),
        findings=_findings(verified),
        disclosure=result.disclosure,
    )
    try:
        write_atomically(out, page.encode())
    except OSError as error:
        raise BadInput(f"{out}: cannot be written ({error.strerror}); give another --out") from error


def _manifest(path: Path) -> Manifest:
    envelope, _ = read_raw(path)
    body, _ = opened(path, envelope)
    return Manifest.from_json(body["manifest"])


def _experiment(path: Path) -> tuple[str, dict[str, Any]]:
    """The file's name and what a gate printed into it."""
    try:
        said = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
        return path.name, {name: said[name] for name in _SAID}
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise BadInput(f"{path}: not what `mechanism --json` or `one-run --json` printed ({error!r})") from error


def _numbers(result: Result, manifest: Manifest, experiments: list[tuple[str, dict[str, Any]]]) -> Table:
    """Claimed, computed again, and seen."""
    plan = manifest.plan
    population = population_spent(plan, rounds=manifest.rounds)
    device = device_spent(plan, participations=result.privacy.most_participations)
    rows = [
        (f"all devices, {name}", _or_reason(claimed, result), _or_reason(spent.epsilon, result), "")
        for name, claimed, spent in (
            (population.pld.accountant, result.epsilon_pld, population.pld),
            (population.rdp.accountant, result.epsilon_rdp, population.rdp),
        )
    ]
    rows.append(("busiest device", _or_reason(result.epsilon_device, result), _or_reason(device.epsilon, result), ""))
    for name, said in experiments:
        seen = f"at least {said['epsilon_lower_bound']:.2f}: {'stands' if said['passes'] else 'REFUTED'}"
        count = f"{said['rounds']} round{'s' if said['rounds'] > 1 else ''}, delta {small(said['delta'])}"
        rows.append((f"{name}: {count}", epsilon(said["epsilon_claimed"]), "", seen))
    caption = f"epsilon as claimed, as computed again from the signed plan, and as experiments saw it; {terms(result)}."
    return plain_table(caption, ("", "claimed", "computed again", "seen"), rows)


def _or_reason(value: float | None, result: Result) -> str:
    return "none" if value is None or result.privacy.mechanism == "off" else epsilon(value)


def _figures(result: Result, manifest: Manifest) -> list[Illustration]:
    most = result.privacy.most_participations
    spending = epsilon_by_round(result, terms=terms(result))
    curve = trade_off(manifest.plan, rounds=manifest.rounds, participations=most)
    figures = []
    if spending is not None:
        caption = f"epsilon after each evaluated round: {terms(result)}, against the {result.privacy.adversary}."
        figures.append(Illustration(title="Spending by round", caption=caption, plot=spending))
    if curve is not None:
        caption = f"{curve.alt} The whole curve, and not one epsilon, is what is guaranteed; {terms(result)}."
        figures.append(Illustration(title="What an attacker finds", caption=caption, plot=curve))
    return figures


def _findings(verified: Verified) -> Table:
    rows = [("ok" if finding.ok else "BROKEN", finding.placed) for finding in verified.findings]
    return plain_table("everything that was checked.", ("", "what"), rows, words=True)
