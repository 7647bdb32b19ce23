"""Whether the folder of a run is what it says: its seal, its release, its numbers, its round log.

A simulation's key is made for the run and thrown away after it: the seal shows that nothing was changed since, and
`--key` that it is the run that somebody vouches for.
"""

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared_model.auditing.finding import Finding, Verified
from shared_model.auditing.recount import TOLERANCE
from shared_model.auditing.verify import last_intents, last_outcomes, own_verifier, verify_round_log
from shared_model.books.notes import Verifier
from shared_model.books.seal import SEAL, file_sha256, open_seal
from shared_model.errors import BadInput, Refused
from shared_model.manifest import Manifest
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.release_envelope import opened, read_raw

LOG, RELEASE, RESULT = "log", "release.safetensors", "result.json"


def read_key(path: Path, *, log: Path) -> Verifier:
    """A verifier's key for the log in a folder: a PEM file with an Ed25519 public key, which gets the name that the log
    gives itself, or a `name+hash+key` line. Raises BadInput."""
    try:
        content = path.read_bytes()
        if not content.startswith(b"-----BEGIN"):
            return Verifier.from_vkey(content.decode())
        key = serialization.load_pem_public_key(content)
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("not an Ed25519 key")
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: no public key can be read there ({error}); give a PEM file or a log key") from error
    return Verifier(name=own_verifier(log).name, public_key=key.public_bytes_raw())


def verify_run(folder: Path, *, key: Verifier | None) -> Verified:
    """Everything that a finished run's folder claims. key: brought by the verifier; without one the signer is unknown.

    Raises BadInput where a file that must be there cannot be read at all.
    """
    log = folder / LOG
    signer = key or own_verifier(log)
    findings = _seal(folder, signer)
    try:
        envelope, model_sha256 = read_raw(folder / RELEASE)
        body, raw_key = opened(folder / RELEASE, envelope)
        manifest = Manifest.from_json(body["manifest"])
    except (BadInput, Refused) as error:
        return Verified(findings=(*findings, _broken(str(error))), signer_known=key is not None)
    findings.append(_says("release signed by the same key", raw_key == signer.public_key))
    findings.append(_says("the release's tensors are those that were signed", model_sha256 == body["model_sha256"]))
    findings += _numbers(folder / RESULT, manifest, model_sha256)
    logged = verify_round_log(log, key=signer)
    findings += logged.findings
    if logged.ok and manifest.plan.mechanism is not Mechanism.OFF:
        findings += _logged(log, manifest, model_sha256)
    return Verified(findings=tuple(findings), signer_known=key is not None)


def _seal(folder: Path, signer: Verifier) -> list[Finding]:
    try:
        files = open_seal((folder / SEAL).read_bytes(), signer)
    except OSError:
        return [_broken(f"{SEAL}: is missing, so that nothing shows whether files were changed")]
    except BadInput as error:
        return [_broken(str(error))]
    changed = [path for path, sha256 in files.items() if not _is(folder / path, sha256)]
    findings = [_broken(f"{path}: was changed or is missing since the run was sealed") for path in changed]
    return findings or [Finding(line=None, what=f"{len(files)} files are as they were sealed", ok=True)]


def _is(path: Path, sha256: str) -> bool:
    try:
        return file_sha256(path) == sha256
    except OSError:
        return False


def _logged(log: Path, manifest: Manifest, model_sha256: str) -> list[Finding]:
    """Whether the log tells of the run that the release is of."""
    ends = [(outcome.round, outcome.model_sha256) for outcome in last_outcomes(log).values()]
    planned = _announced(manifest.plan)
    plans = [{name: getattr(intent, name) for name in planned} for intent in last_intents(log).values()]
    relations = {intent.epsilon_after.relation for intent in last_intents(log).values()}
    return [
        _says(
            f"the log ends in this release, after its {manifest.rounds} rounds",
            ends == [(manifest.rounds, model_sha256)],
        ),
        _says("the plan in the log is the release's", plans == [planned] and relations == {manifest.plan.relation}),
    ]


def _announced(plan: PrivacyPlan) -> dict[str, object]:
    """What every intent says of the plan, and no epsilon can do without."""
    return {
        "mechanism": plan.mechanism.value,
        "noise_multiplier": plan.noise_multiplier,
        "planned_cohort": plan.cohort,
        "sample_rate": plan.sample_rate,
        "sampling": plan.sampling,
        "releases": plan.releases,
        "delta": plan.delta,
    }


def _numbers(path: Path, manifest: Manifest, model_sha256: str) -> list[Finding]:
    """Every epsilon of manifest and result, computed again from the plan that the manifest signs."""
    try:
        result = json.loads(path.read_bytes())
        findings = [_says("result.json names this release", result["model_sha256"] == model_sha256)]
        return findings + _epsilons(result, manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return [_broken(f"{path.name}: cannot be read as a result ({error!r})")]
    except Refused as error:
        return [_broken(f"{path.name}: an epsilon cannot be computed again ({error})")]


def _epsilons(result: dict[str, Any], manifest: Manifest) -> list[Finding]:
    from shared_model.privacy.spending import device_spent, population_spent

    plan = manifest.plan
    most = int(result["privacy"]["most_participations"])
    population, device = population_spent(plan, rounds=manifest.rounds), device_spent(plan, participations=most)
    off = plan.mechanism is Mechanism.OFF
    claims: list[tuple[str, float | None, float | None]] = [
        ("epsilon_pld", result["epsilon_pld"], None if off else population.pld.epsilon),
        ("epsilon_rdp", result["epsilon_rdp"], None if off else population.rdp.epsilon),
        ("epsilon_device", result["epsilon_device"], None if off else device.epsilon),
    ]
    for point in result["curve"]:
        if point["epsilon_pld"] is not None:
            spent = population_spent(plan, rounds=int(point["round"])).pld.epsilon
            claims.append((f"epsilon_pld after round {point['round']}", point["epsilon_pld"], spent))
    signed = [spent.epsilon for spent in manifest.spent[:2]]
    for name, claimed, computed in zip(
        ("PLD", "RDP"), signed, (population.pld.epsilon, population.rdp.epsilon), strict=True
    ):
        claims.append((f"the signed manifest's epsilon by {name}", claimed, computed))
    findings = [_counted(what, claimed, computed) for what, claimed, computed in claims]
    broken = [finding for finding in findings if not finding.ok]
    same = all(result["privacy"][name] == value for name, value in _terms(plan).items())
    return [
        _says(f"the plan that result.json states is the one that was signed, delta {plan.delta:.3g}", same),
        _says(f"{len(findings)} epsilons computed again from the signed plan", not broken),
        *broken,
    ]


def _terms(plan: PrivacyPlan) -> dict[str, str | float]:
    return {
        "unit": plan.unit.value,
        "relation": plan.relation.value,
        "trust": plan.trust.value,
        "mechanism": plan.mechanism.value,
        "noise_multiplier": plan.noise_multiplier,
        "sample_rate": plan.sample_rate,
        "planned_cohort": plan.cohort,
        "max_participations": plan.max_participations,
    }


def _counted(what: str, claimed: float | None, computed: float | None) -> Finding:
    if claimed is None or computed is None:
        return Finding(line=None, what=f"{what}: {claimed}, and {computed} when computed again", ok=claimed is computed)
    ok = claimed == computed or abs(claimed - computed) <= TOLERANCE * abs(computed)
    return Finding(line=None, what=f"{what} is said to be {claimed:.6g}, and is {computed:.6g}", ok=ok)


def _says(what: str, ok: bool) -> Finding:
    return Finding(line=None, what=what, ok=ok)


def _broken(what: str) -> Finding:
    return Finding(line=None, what=what, ok=False)
