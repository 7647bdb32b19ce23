"""The nodes that Flower lets in, kept as the registry has them."""

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from server.deployment.nodes import write_nodes
from server.deployment.registered import write_node_keys
from server.deployment.runs import register_node, unregister_node
from server.deployment.superlink import SuperLinkPlace
from shared_model.durable import write_atomically


@dataclass(frozen=True, slots=True, kw_only=True)
class LetIn:
    """node: Flower's number; key_sha256: of the public key that it was registered with."""

    node: int
    key_sha256: str


def let_in(place: SuperLinkPlace, folder: Path, registered: Mapping[int, bytes]) -> None:
    """Make Flower's list, and that of the rounds, those of `registered`: public keys (OpenSSH) by registration number.

    Who left is refused before anybody new is let in, and a key that changed is another node. Written after each
    change, so that a kill loses none. Raises SottovoceError where Flower does not do it; to be called again then.
    """
    write_node_keys(folder, registered)
    held = _read(folder)
    for number, each in list(held.items()):
        if number not in registered or each.key_sha256 != _hash(registered[number]):
            del held[number]
            write_nodes(folder, {other: kept.node for other, kept in held.items()})  # asked no more, from now on
            unregister_node(place, each.node)
            _write(folder, held)
    for number in sorted(set(registered) - set(held)):
        with tempfile.NamedTemporaryFile(suffix=".pub") as file:
            file.write(registered[number])
            file.flush()
            # a kill may have come between Flower's note and ours
            node = _known_to_flower(place, registered[number]) or register_node(place, Path(file.name))
        held[number] = LetIn(node=node, key_sha256=_hash(registered[number]))
        _write(folder, held)
        write_nodes(folder, {other: kept.node for other, kept in held.items()})


def _known_to_flower(place: SuperLinkPlace, key: bytes) -> int | None:
    """Its number of the node with that key. From Flower's database, since no command tells keys."""
    public = serialization.load_ssh_public_key(key)
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    found = "SELECT node_id FROM node WHERE public_key = ? AND status != 'unregistered'"
    with closing(sqlite3.connect(f"file:{place.home / 'superlink.db'}?mode=ro", uri=True)) as database:
        row = database.execute(found, (pem,)).fetchone()
    return None if row is None else int(row[0]) % 2**64  # kept as a signed number


def _hash(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()


def _read(folder: Path) -> dict[int, LetIn]:
    file = folder / "let-in.json"
    try:
        return {int(number): LetIn(**each) for number, each in json.loads(file.read_bytes()).items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):  # damaged is lost: Flower has it all, too
        return {}


def _write(folder: Path, held: Mapping[int, LetIn]) -> None:
    content = {str(number): {"node": each.node, "key_sha256": each.key_sha256} for number, each in held.items()}
    write_atomically(folder / "let-in.json", json.dumps(content).encode())
