"""Who is registered: Flower's node of each registration number, 1 to the plan's population.

A number is given once and for ever, so that a device keeps its place in every draw, which is its number less one; that
of a revoked one is left empty.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from shared_model.durable import write_atomically
from shared_model.errors import BadInput, Refused


def read_nodes(folder: Path, *, population: int) -> dict[int, int]:
    """Node ids by registration number; none before the first is enrolled.

    Raises BadInput for a damaged file, and Refused where a number is above the plan's `population`: epsilon is counted
    for so many devices.
    """
    file = folder / "nodes.json"
    try:
        found = {int(number): int(node) for number, node in json.loads(file.read_bytes()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"deployment: {file} cannot be read; write it anew from the registry") from error
    if found and not (min(found) >= 1 and max(found) <= population):
        raise Refused(
            f"deployment: device {max(found)} is registered, and the plan counts {population} devices; "
            "revoke it, or begin another federation with a larger population"
        )
    return found


def write_nodes(folder: Path, nodes: Mapping[int, int]) -> None:
    """Atomically; rounds that begin from now on go by it."""
    write_atomically(folder / "nodes.json", json.dumps({str(key): nodes[key] for key in sorted(nodes)}).encode())
