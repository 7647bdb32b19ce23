"""What docs/books.md tells to do by hand gives what it says, on the conformance vectors."""

import json
import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "books.md").read_text(encoding="utf-8")
VECTORS = REPOSITORY / "tests" / "conformance" / "vectors"


def vectors(name: str) -> dict:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def test_the_commands_by_hand_give_the_hashes(tmp_path: Path) -> None:
    log, ledger = vectors("round_log"), vectors("ledger")
    (tmp_path / "leaves.jsonl").write_text("".join(f"{leaf['text']}\n" for leaf in log["leaves"]), encoding="utf-8")
    (tmp_path / "ledger").write_text("".join(f"{row}\n" for row in ledger["rows"]), encoding="utf-8")
    (commands,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    places = {"LOG": str(tmp_path), "LEDGER": str(tmp_path / "ledger"), "PATH": "/usr/bin:/bin"}
    found = subprocess.run(["sh", "-c", commands], env=places, capture_output=True, text=True, check=True)
    leaf, row = (line.split()[0] for line in found.stdout.splitlines())
    assert leaf == log["leaves"][0]["hash"]
    assert row == json.loads(ledger["rows"][1])["previous"]


def test_every_field_of_leaves_and_rows_is_described() -> None:
    leaves = [leaf["value"] for leaf in vectors("round_log")["leaves"]]
    rows = [json.loads(row) for row in vectors("ledger")["rows"]]
    entries = [row["entry"] for row in rows]
    for name in {key for each in [*leaves, *entries] for key in each}:
        assert f"`{name}`" in PAGE, name
    for name in rows[0]:
        assert f'"{name}"' in PAGE, name
