"""Whether a round log or a device's ledger is what it says, offline.

It proves what the server promised. That noise was added is proved by distributed noise, or by an audit.
"""

from collections.abc import Iterator
from pathlib import Path

from shared_model.auditing.finding import Finding, Verified
from shared_model.auditing.recount import recount
from shared_model.books.chain import Mirrored, first_broken, read_rows
from shared_model.books.checkpoint import Checkpoint, open_checkpoint
from shared_model.books.law import Law
from shared_model.books.merkle import Tree, leaf_hash
from shared_model.books.notes import Verifier
from shared_model.books.round_log import CHECKPOINT, LEAVES, PUBLIC_KEY, Intent, Leaf, Outcome, decode_leaf
from shared_model.books.spending import spent
from shared_model.errors import BadInput


def verify_round_log(folder: Path, *, key: Verifier | None) -> Verified:
    """Signature, root, law and epsilons of the log in `folder`.

    key: the one that the verifier brings; without it the log can only be consistent with the key that lies beside it,
    and the verdict says so. Raises BadInput where a file cannot be read at all.
    """
    verifier = key or own_verifier(folder)
    content = _read(folder / LEAVES)
    *lines, torn = content.split(b"\n")
    findings = [_signature(folder, verifier), *_root(folder, verifier, lines)]
    if torn:
        findings.append(Finding(line=len(lines) + 1, what="ends in the middle of a leaf", ok=False))
    leaves, broken = _leaves(lines)
    findings.append(broken or Finding(line=None, what=f"{len(leaves)} leaves follow from each other", ok=True))
    findings += recount((number, leaf) for number, leaf in enumerate(leaves, 1) if isinstance(leaf, Intent))
    return Verified(findings=tuple(findings), signer_known=key is not None)


def own_verifier(folder: Path) -> Verifier:
    """The key that lies beside a log. Raises BadInput where none can be read."""
    return Verifier.from_vkey(_read(folder / PUBLIC_KEY).decode(errors="replace"))


def last_outcomes(folder: Path) -> dict[str, Outcome]:
    """The last outcome of each run in a log that was verified: what a release must have come from.

    Raises BadInput where a leaf cannot be read.
    """
    return {leaf.run: leaf for leaf in _decoded(folder) if isinstance(leaf, Outcome)}


def last_intents(folder: Path) -> dict[str, Intent]:
    """The last intent of each run in a log that was verified. Raises BadInput where a leaf cannot be read."""
    return {leaf.run: leaf for leaf in _decoded(folder) if isinstance(leaf, Intent)}


def verify_ledger(file: Path, *, device_key: bytes | None, mirrored: Mirrored | None = None) -> Verified:
    """The chain of a ledger, and what its device has spent by its own count, computed anew.

    With the device's key also who wrote it, with its mirror also that no end is missing.

    Raises BadInput where the file cannot be read.
    """
    *lines, torn = _read(file).split(b"\n")
    broken = first_broken(lines, key=device_key, mirrored=mirrored)
    checked = "rows follow from each other" + (" and are the device's own" if device_key is not None else "")
    findings = [Finding(line=None, what=f"{len(lines)} {checked}", ok=True)]
    if broken is not None:
        findings = [Finding(line=broken.row, what=broken.what, ok=False)]
    else:
        rows = read_rows(lines, key=device_key, mirrored=mirrored)
        findings.append(Finding(line=None, what=f"spent: {spent([row.entry for row in rows])}", ok=True))
    if torn:
        what = "is the beginning of a row that nobody was told of; the device cuts it off"
        findings.append(Finding(line=len(lines) + 1, what=what, ok=True))
    return Verified(findings=tuple(findings), signer_known=device_key is not None)


def _decoded(folder: Path) -> Iterator[Leaf]:
    lines = _read(folder / LEAVES).split(b"\n")[:-1]
    return (decode_leaf(line, what=f"round log, leaf {number}") for number, line in enumerate(lines, 1))


def _signature(folder: Path, verifier: Verifier) -> Finding:
    try:
        checkpoint = _checkpoint(folder, verifier)
    except BadInput as error:
        return Finding(line=None, what=str(error), ok=False)
    return Finding(line=None, what=f"checkpoint of {checkpoint.size} leaves, signed as {verifier.vkey}", ok=True)


def _root(folder: Path, verifier: Verifier, lines: list[bytes]) -> list[Finding]:
    """Whether the leaves are those that were signed; a root tells that something was changed, not where."""
    try:
        checkpoint = _checkpoint(folder, verifier)
    except BadInput:
        return []
    if len(lines) < checkpoint.size:
        what = f"is missing: {checkpoint.size} leaves were signed"
        return [Finding(line=len(lines) + 1, what=what, ok=False)]
    if Tree(map(leaf_hash, lines[: checkpoint.size])).root() != checkpoint.root:
        return [Finding(line=None, what="the leaves are not those that were signed: one was changed", ok=False)]
    if len(lines) > checkpoint.size:
        return [Finding(line=checkpoint.size + 1, what="is not signed", ok=False)]
    return [Finding(line=None, what="the leaves are those that were signed", ok=True)]


def _checkpoint(folder: Path, verifier: Verifier) -> Checkpoint:
    return open_checkpoint(_read(folder / CHECKPOINT), verifier)


def _leaves(lines: list[bytes]) -> tuple[list[Leaf], Finding | None]:
    """The leaves before the first broken one."""
    law, leaves = Law(), list[Leaf]()
    for number, line in enumerate(lines, 1):
        try:
            leaf = decode_leaf(line, what="leaf")
        except BadInput as error:
            return leaves, Finding(line=number, what=str(error), ok=False)
        breach = law.breach(leaf)
        if breach is not None:
            return leaves, Finding(line=number, what=breach, ok=False)
        leaves.append(leaf)
    return leaves, None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror}); give the folder that a run left behind") from error
