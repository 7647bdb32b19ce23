"""Flower's SuperNode that opens no bundle and tells no times: `python -m client.node.supernode_process ARGUMENTS` is
`flower-supernode`.

The stock one unpacks and parses the description in a bundle before anybody has looked at the bundle's hash. What is in
there means nothing to this device, so that it is left alone. And it sends with each reply how long the answer took,
which is longer where there is more to read (privacy requirement 24). It asks for messages every 3 s, which is most of a
round where rounds follow each other: this one asks sooner while the next may be near.
"""

import os
import sys
import time
import traceback
from importlib import import_module
from typing import Any

SOON_S, NEAR_S = 0.5, 15.0
"""So often it asks, and for so long after an answer; then every 3 s, as Flower does, so that many devices at rest ask
little."""


def leave_bundles_closed() -> None:
    """In this process, from now on."""
    module: Any = import_module("flwr.supernode.start_client_internal")
    assert callable(module.get_fused_config_from_fab)  # else another version of Flower, which would open it
    module.get_fused_config_from_fab = lambda _content, _run: {}


def keep_times_here() -> None:
    """In this process, from now on: each answer took no time."""
    state: Any = import_module("flwr.supernode.nodestate.in_memory_nodestate").InMemoryNodeState
    measured = state.get_message_processing_duration

    def kept(self: Any, message_id: str) -> float:
        measured(self, message_id)  # it also forgets what is old
        return 0.0

    state.get_message_processing_duration = kept


def ask_soon_after_an_answer() -> None:
    """In this process, from now on. Flower calls for the next message when the answer to the last was sent."""
    module: Any = import_module("flwr.supernode.start_client_internal")
    pull, near = module._pull_and_store_message, False

    def pulled(**asked: Any) -> int | None:
        nonlocal near
        ends = time.monotonic() + NEAR_S if near else 0.0
        run: int | None = pull(**asked)
        while run is None and time.monotonic() < ends:
            time.sleep(SOON_S)
            run = pull(**asked)
        near = run is not None
        return run

    module._pull_and_store_message = pulled


def main() -> None:
    """As `flower-supernode`."""
    from flwr.supernode.cli import flower_supernode

    leave_bundles_closed()
    keep_times_here()
    ask_soon_after_an_answer()
    sys.argv[0] = "flower-supernode"
    try:
        flower_supernode()
    except Exception:
        traceback.print_exc()
    # Flower gives up when its connection is cut while TLS is being agreed on, and returns; its own API for the executor
    # would keep the process: a node that hears nothing, and is never started again
    os._exit(1)


if __name__ == "__main__":
    main()
