"""`sottovoce-audit` as people use it: real processes on a real run of the shipped `quick` scenario."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from client.files import LEDGER
from client.ledger.ledger import create_ledger
from client.ledger.mirror import FileMirror
from shared_model.books.entries import Opened
from shared_model.books.notes import Signer, Verifier
from shared_model.books.seal import SEAL, file_sha256, sealed_files
from tests.server.coordinator import made, small_settings

pytestmark = pytest.mark.integration

FOLDER = Path(sys.executable).parent


def audit(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(FOLDER / "sottovoce-audit"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def said(finished: subprocess.CompletedProcess[str], code: int = 0) -> dict:
    assert finished.returncode == code, finished.stderr + finished.stdout
    return json.loads(finished.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "quick"
    command = [str(FOLDER / "sottovoce-simulate"), "run", "quick", "--out", str(folder), "--json"]
    subprocess.run(command, capture_output=True, check=True, timeout=300)
    return folder


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run, tmp_path / "copy"))


# --sample-rate, --noise-multiplier, --rounds, --delta, RDP, PLD: section 3 of the privacy requirements
TABLE = [
    (256 / 60_000, 1.1, 14_062, 1e-5, 2.5966, 2.382),
    (0.01, 1.0, 1000, 1e-5, 2.1014, 1.828),
    (0.01, 0.8, 500, 1e-6, 3.5302, 2.925),
    (0.1, 1.1, 50, 1e-3, 3.339, 2.762),
    (0.001, 0.5, 1000, 1e-6, 5.329, 4.235),
]


@pytest.mark.parametrize(("rate", "noise", "rounds", "delta", "rdp", "pld"), TABLE)
def test_epsilon_agrees_with_the_table(
    rate: float, noise: float, rounds: int, delta: float, rdp: float, pld: float
) -> None:
    given = ["--sample-rate", rate, "--noise-multiplier", noise, "--rounds", rounds, "--delta", delta]
    found = said(audit("epsilon", *map(str, given), "--json"))
    assert found["pld"] == pytest.approx(pld, rel=1e-3)
    assert found["rdp"] == pytest.approx(rdp, rel=1e-3)
    terms = {name: found[name] for name in ("unit", "relation", "adversary", "trust", "delta")}
    assert terms == {
        "unit": "device",
        "relation": "add-or-remove-one",
        "adversary": "release reader",
        "trust": "central",
        "delta": delta,
    }


def test_epsilon_is_null_with_a_reason_where_no_accountant_exists() -> None:
    given = ("--sample-rate", "0.01", "--noise-multiplier", "2", "--rounds", "10", "--delta", "1e-6", "--json")
    fixed = said(audit("epsilon", *given, "--sampling", "fixed", "--relation", "replace-one"))
    assert (fixed["pld"], fixed["pld_reason"]) == (None, "dp-accounting has no PLD for cohorts of a fixed size")
    neither = said(audit("epsilon", *given, "--sampling", "fixed"))
    assert (neither["pld"], neither["rdp"]) == (None, None)
    assert "use replace-one" in neither["pld_reason"]
    assert "use replace-one" in neither["rdp_reason"]
    solving = ("--sample-rate", "0.01", "--rounds", "10", "--delta", "1e-6", "--epsilon", "1", "--sampling", "fixed")
    refused = audit("epsilon", *solving)
    assert (refused.returncode, refused.stdout) == (3, "")


def test_epsilon_solves_for_the_noise() -> None:
    given = ("--sample-rate", "0.01", "--rounds", "500", "--delta", "1e-6", "--epsilon", "2", "--json")
    found = said(audit("epsilon", *given))
    assert 1.99 < found["pld"] <= 2.0
    assert found["noise_multiplier"] > 0.8


def test_a_good_run_verifies_and_says_who_signed(run: Path) -> None:
    found = said(audit("verify", run, "--key", run / "release.pub", "--json"))
    assert found["ok"]
    assert found["verdict"] == "signed by the given key"
    assert said(audit("verify", run, "--json"))["verdict"] == "self-consistent, signer unknown"
    assert said(audit("verify", run / "log", "--key", run / "log" / "key.pub", "--json"))["ok"]


def flipped(file: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = bytearray((folder / file).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / file).write_bytes(bytes(content))

    return change


def edited(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))

    return change


def without(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).unlink()


def without_a_leaf(folder: Path) -> None:
    leaves = folder / "log" / "leaves.jsonl"
    lines = leaves.read_text().splitlines(keepends=True)
    leaves.write_text("".join(lines[:2] + lines[3:]))


def sealed_again(folder: Path) -> None:
    """As one would who has changed a number: everything that is not signed otherwise is made to fit, under a new key
    for the seal alone."""
    edited("result.json", '"clip_norm": 0.02', '"clip_norm": 0.01')(folder)
    name = Verifier.from_vkey((folder / "log" / "key.pub").read_text()).name
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != SEAL]
    hashes = {path.relative_to(folder).as_posix(): file_sha256(path) for path in files}
    signer = Signer(name=name, private_key=Ed25519PrivateKey.generate())
    (folder / SEAL).write_bytes(sealed_files(hashes, signer))


CHANGES = {
    "a bit of the release": flipped("release.safetensors"),
    "a bit of the predictions": flipped("predictions.npz"),
    "a bit of release 0": flipped("release-0.safetensors"),
    "a bit of the page": flipped("report.html"),
    "a bit of the seal": flipped(SEAL),
    "a bit of the log's checkpoint": flipped("log/checkpoint"),
    "a quality": edited("result.json", '"hr_at_10": 0.', '"hr_at_10": 0.9'),
    "an epsilon": edited("result.json", '"epsilon_pld": ', '"epsilon_pld": 0.1'),
    "a leaf": without_a_leaf,
    "the release": without("release.safetensors"),
    "the seal": without(SEAL),
    "the result under another seal": sealed_again,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_whatever_is_changed_is_found_and_named(change: Callable[[Path], None], copy: Path) -> None:
    change(copy)
    found = said(audit("verify", copy, "--json"), code=1)
    assert not found["ok"]
    assert found["verdict"].startswith("broken: ")
    assert any(not finding["ok"] for finding in found["findings"])


def test_another_key_is_not_taken(run: Path, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate().public_key()
    (tmp_path / "other.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    found = said(audit("verify", run, "--key", tmp_path / "other.pem", "--json"), code=1)
    assert "not signed by the given key" in found["verdict"]


def test_printing_a_run_again_does_not_break_its_seal(copy: Path) -> None:
    subprocess.run([str(FOLDER / "sottovoce-simulate"), "report", str(copy)], capture_output=True, check=True)
    assert said(audit("verify", copy, "--json"))["ok"]


def test_wrong_paths_and_keys_get_a_sentence(run: Path, tmp_path: Path) -> None:
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "result.json").write_text("{}")
    (tmp_path / "text.pem").write_text("-----BEGIN NOTHING-----\n")
    for arguments, sentence in (
        (("verify", tmp_path), "neither a finished run"),
        (("verify", tmp_path / "quality"), "it has no log to verify"),
        (("verify", run, "--key", tmp_path / "text.pem"), "no public key can be read there"),
        (("verify", run, "--key", tmp_path / "missing"), "no public key can be read there"),
        (("report", tmp_path, "--out", tmp_path / "p"), "holds no finished run"),
        (("mechanism", "lieder-quality"), "promises no privacy"),
        (("mechanism", "quick", "--set", "privacy.mechanism=off"), "nothing is promised"),
    ):
        finished = audit(*arguments)
        assert (finished.returncode, finished.stdout) == (2, "")
        assert sentence in finished.stderr
        assert "Traceback" not in finished.stderr


def test_a_coordinators_and_a_devices_folder_are_verified_by_what_lies_in_them(tmp_path: Path) -> None:
    coordinator = made(tmp_path / "s", small_settings())
    device = tmp_path / "c"
    device.mkdir()
    opened = Opened(device_cap=20.0, delta=1e-6, max_participations=500, monthly_cap=8.0)
    create_ledger(device / LEDGER, opened, key=b"k" * 32, mirror=FileMirror(tmp_path / "mirror"))
    found = said(audit("verify", str(coordinator.root), "--key", str(coordinator.log_public), "--json"))
    assert (found["ok"], found["verdict"]) == (True, "signed by the given key")
    assert said(audit("verify", str(device), "--json"))["ok"]


def test_a_run_with_example_level_training_is_not_audited_as_if_it_were_plain() -> None:
    refused = audit("one-run", "quick", "--canaries", "20", "--set", "privacy.example_level={}")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "take example-level training away" in refused.stderr


def test_the_mechanism_passes_at_its_true_noise_and_not_at_15_percent_more(run: Path) -> None:
    true = said(audit("mechanism", "quick", "--json"))
    assert true["passes"]
    assert true["epsilon_lower_bound"] <= true["epsilon_claimed"]
    more = true["noise_multiplier"] * 1.15
    false = said(audit("mechanism", "quick", "--claim-noise-multiplier", str(more), "--json"), code=1)
    assert not false["passes"]
    assert false["noise_multiplier"] == pytest.approx(more)


def test_the_page_has_claims_recounts_experiments_and_the_disclosure(run: Path, tmp_path: Path) -> None:
    found = audit("one-run", "quick", "--canaries", "100", "--json")
    assert said(found)["power"]["none"] <= 0.15
    (tmp_path / "one-run.json").write_text(found.stdout)
    arguments = ("--experiment", tmp_path / "one-run.json", "--key", run / "release.pub")
    finished = audit("report", run, "--out", tmp_path / "audit.html", *arguments)
    assert finished.returncode == 0, finished.stderr
    page = (tmp_path / "audit.html").read_text()
    for text in ("signed by the given key", "one-run.json: 4 rounds", "At 1 % false alarms", "Disclosure", "SIMULATED"):
        assert text in page
    (tmp_path / "nonsense.json").write_text("[]")
    finished = audit("report", run, "--out", tmp_path / "p.html", "--experiment", tmp_path / "nonsense.json")
    assert (finished.returncode, (tmp_path / "p.html").exists()) == (2, False)


def test_neither_torch_nor_ray_is_needed_for_numbers_and_files() -> None:
    code = (
        "import sys; from simulations.auditing import cli; from shared_model.auditing import epsilon, verify_run; "
        "print(sorted({'torch', 'ray', 'flwr', 'opacus'} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"
