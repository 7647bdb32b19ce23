import subprocess
import sys
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_model.auditing.verify import verify_ledger, verify_round_log
from shared_model.books.chain import append, mirror_of
from shared_model.books.entries import Debit, Opened
from shared_model.books.notes import Signer
from shared_model.errors import BadInput
from shared_model.privacy.gaussian import device_epsilon
from shared_model.privacy.spent import Relation, Trust


def test_a_true_log_is_verified_by_the_key_that_the_verifier_brings(write_log, true_leaves, signer):
    found = verify_round_log(write_log(true_leaves), key=signer.verifier)
    assert found.ok
    assert found.first_broken is None
    assert found.verdict == "signed by the given key"


def test_without_a_key_a_log_is_only_consistent_with_itself(write_log, true_leaves, signer):
    assert verify_round_log(write_log(true_leaves), key=None).verdict == "self-consistent, signer unknown"
    # whoever rewrites a log signs it too
    forger = Signer(name=signer.name, private_key=Ed25519PrivateKey.generate())
    folder = write_log(true_leaves, key=forger)
    assert verify_round_log(folder, key=None).verdict == "self-consistent, signer unknown"
    assert "not signed by the given key" in verify_round_log(folder, key=signer.verifier).verdict


def test_an_unfinished_round_and_an_empty_log_are_no_breach(write_log, true_leaves, signer):
    assert verify_round_log(write_log(true_leaves[:-1]), key=signer.verifier).ok
    assert verify_round_log(write_log([]), key=signer.verifier).ok


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.data())
def test_whatever_byte_of_the_leaves_is_changed_the_log_is_broken(write_log, true_leaves, signer, data):
    folder = write_log(true_leaves)
    content = bytearray((folder / "leaves.jsonl").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / "leaves.jsonl").write_bytes(bytes(content))
    assert not verify_round_log(folder, key=signer.verifier).ok


@pytest.mark.parametrize(
    ("breaks", "line", "says"),
    [
        (lambda leaves: leaves[:6] + leaves[7:], 7, "before its intent"),
        (lambda leaves: leaves[:5] + leaves[6:], 6, "before the outcome of round 3"),
        (lambda leaves: [*leaves[:4], leaves[6], leaves[5], leaves[4], *leaves[7:]], 5, "follows round 2"),
        (lambda leaves: [*leaves[:8], replace(leaves[8], noise_multiplier=3.0), *leaves[9:]], 9, "noise_multiplier"),
        (lambda leaves: [*leaves[:8], b'{"kind":"intent"}', *leaves[9:]], 9, "neither an intent"),
    ],
)
def test_the_first_broken_line_is_named_also_where_the_log_itself_signed_it(
    breaks, line, says, write_log, true_leaves, signer
):
    found = verify_round_log(write_log(breaks(true_leaves)), key=signer.verifier).first_broken
    assert found.line == line
    assert says in found.what


def test_lines_that_were_cut_off_or_added_are_named(write_log, true_leaves, signer):
    folder = write_log(true_leaves)
    lines = (folder / "leaves.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "leaves.jsonl").write_bytes(b"".join(lines[:20]))
    assert verify_round_log(folder, key=signer.verifier).first_broken.line == 21
    folder = write_log(true_leaves, size=22)
    assert str(verify_round_log(folder, key=signer.verifier).first_broken) == "BROKEN  line 23: is not signed"
    (folder / "leaves.jsonl").write_bytes(b"".join(lines)[:-5])
    assert "middle of a leaf" in str([str(each) for each in verify_round_log(folder, key=signer.verifier).findings])


def test_a_changed_leaf_that_still_obeys_the_law_is_found_by_the_root(write_log, true_leaves, signer):
    folder = write_log(true_leaves)
    file = folder / "leaves.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"code_sha256":"00', b'"code_sha256":"01', 1))
    assert "one was changed" in verify_round_log(folder, key=signer.verifier).verdict


def test_a_folder_without_a_log_is_a_sentence(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        verify_round_log(tmp_path, key=None)
    with pytest.raises(BadInput, match="cannot be read"):
        verify_ledger(tmp_path / "ledger", device_key=None)


KEY = bytes(range(32))
DELTA = 1e-5


def ledger_lines(rounds):
    lines = [append([], Opened(device_cap=None, delta=DELTA, max_participations=9), key=KEY)]
    for number in range(1, rounds + 1):
        entry = Debit(
            run="run-1",
            round=number,
            intent_sha256=None,
            log_index=None,
            noise_multiplier=1.0,
            relation=Relation.ZERO_OUT,
            trust=Trust.CENTRAL,
        )
        lines.append(append(lines, entry, key=KEY))
    return lines


def test_a_ledger_is_verified_with_and_without_the_key_of_its_device(tmp_path):
    lines, file = ledger_lines(4), tmp_path / "ledger"
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    found = verify_ledger(file, device_key=KEY, mirrored=mirror_of(lines))
    assert found.ok
    assert found.signer_known
    assert verify_ledger(file, device_key=None).verdict == "self-consistent, signer unknown"
    assert verify_ledger(file, device_key=bytes(32)).first_broken.line == 1


def test_line_7_what_a_ledger_has_spent_is_counted_anew_from_its_rows(tmp_path):
    lines, file = ledger_lines(4), tmp_path / "ledger"
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    said = verify_ledger(file, device_key=None).findings[-1].what
    rounds = len(lines) - 1
    epsilon = device_epsilon(rounds, noise_multiplier=1.0, delta=DELTA)
    assert f"spent: epsilon {epsilon:.3f} at delta {DELTA:.3g}, unit device, zero-out" in said
    assert f"{rounds} rounds" in said


def test_line_32_a_ledger_that_was_rolled_back_or_changed_is_named_by_its_row(tmp_path):
    lines, file = ledger_lines(4), tmp_path / "ledger"
    file.write_bytes(b"".join(line + b"\n" for line in lines[:3]))
    found = verify_ledger(file, device_key=KEY, mirrored=mirror_of(lines)).first_broken
    assert (found.line, "rolled back" in found.what) == (4, True)
    file.write_bytes(b"".join(line + b"\n" for line in lines).replace(b'"round":2', b'"round":8'))
    assert verify_ledger(file, device_key=KEY).first_broken.line == 3


def test_a_torn_row_is_told_and_is_no_breach(tmp_path):
    lines, file = ledger_lines(2), tmp_path / "ledger"
    file.write_bytes(b"".join(line + b"\n" for line in lines) + lines[2][:30])
    found = verify_ledger(file, device_key=KEY)
    assert found.ok
    assert "nobody was told of" in found.findings[-1].what


def test_what_an_auditor_imports_is_light():
    heavy = ("torch", "scipy", "numpy", "pydantic", "flwr", "dp_accounting")
    code = f"import sys, shared_model.auditing.verify; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
