"""Flower's SuperNode that opens no bundle and tells no times: `python -m client.node.supernode_process ARGUMENTS` is
`flower-supernode`.

The stock one unpacks and parses the description in a bundle before anybody has looked at the bundle's hash. What is in
there means nothing to this device, so that it is left alone. And it sends with each reply how long the answer took,
which is longer where there is more to read (privacy requirement 24).
"""

import sys
from importlib import import_module
from typing import Any


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


def main() -> None:
    """As `flower-supernode`."""
    from flwr.supernode.cli import flower_supernode

    leave_bundles_closed()
    keep_times_here()
    sys.argv[0] = "flower-supernode"
    flower_supernode()


if __name__ == "__main__":
    main()
