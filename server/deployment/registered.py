"""The registry as rounds see it: each node's key, and the proof that it is below the root that the intent announces.

FOLDER/node-keys.json holds public keys (OpenSSH) by registration number; who lets nodes in writes it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared_model.books.merkle import Tree, leaf_hash
from shared_model.durable import write_atomically
from shared_model.errors import BadInput
from shared_model.secagg.keys import Registered
from shared_model.wire.node_key import fingerprint, public_der


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredNodes:
    """At one moment. root: hexadecimal, as `Registry.root` makes it; proofs: by registration number."""

    root: str
    proofs: Mapping[int, Registered]


def registered_nodes(keys: Mapping[int, ec.EllipticCurvePublicKey]) -> RegisteredNodes:
    """keys: by registration number."""
    numbers = sorted(keys)
    tree = Tree(leaf_hash(fingerprint(public_der(keys[number]))) for number in numbers)
    proofs = {
        number: Registered.of(
            keys[number], position=place, size=len(numbers), proof=tree.inclusion_proof(place, len(numbers))
        )
        for place, number in enumerate(numbers)
    }
    return RegisteredNodes(root=tree.root().hex(), proofs=proofs)


def write_node_keys(folder: Path, keys: Mapping[int, bytes]) -> None:
    """Atomically."""
    content = {str(number): keys[number].decode("ascii").strip() for number in sorted(keys)}
    write_atomically(_file(folder), json.dumps(content).encode())


def read_registered(folder: Path) -> RegisteredNodes:
    """Nobody before the first is let in. Raises BadInput for a damaged file, which is written anew when somebody is."""
    file = _file(folder)
    try:
        held = {int(number): _key(text) for number, text in json.loads(file.read_bytes()).items()}
    except FileNotFoundError:
        held = {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"deployment: {file} cannot be read; write it anew from the registry") from error
    return registered_nodes(held)


def _key(text: str) -> ec.EllipticCurvePublicKey:
    key = serialization.load_ssh_public_key(text.encode("ascii"))
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("a node key lies on the curve P-384")
    return key


def _file(folder: Path) -> Path:
    return folder / "node-keys.json"
