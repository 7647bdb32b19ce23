"""A device in a deployed federation: a SuperNode that carries messages, and the executor that answers them."""

import logging
import os
import threading

from client.node.answer import answer_for
from client.node.bundle import known_bundles
from client.node.executor import Post, require_version, serve
from client.node.round import Participant
from client.node.secure_round import SecureRounds
from client.node.supernode import LOOPBACK, Enrolled, runtime_api, supervise

log = logging.getLogger(__name__)
LONGEST_S = 900.0
"""An answer that takes longer is a hang: the process ends, and what started it starts it again."""
HUNG = 70  # EX_SOFTWARE of sysexits.h


def run_node(
    enrolled: Enrolled, participant: Participant, *, stop: threading.Event, longest_s: float = LONGEST_S
) -> None:
    """Take part until `stop` is set, from whatever thread or signal; both parts are gone when this returns.

    Raises BadInput for another version of Flower, SottovoceError where its SuperNode cannot be started at all.
    """
    require_version()
    os.environ |= {"FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1"}
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = f"{os.environ.get('NO_PROXY', '')},{LOOPBACK}".strip(",")
    api = runtime_api(enrolled)
    post = Post(address=api.address, secret=api.secret, bundles=known_bundles(), longest_s=longest_s, hung=_end_at_once)
    failed: list[BaseException] = []

    def keep_supernode() -> None:
        try:
            supervise(enrolled, api, stop=stop, died=lambda _code: None)
        except BaseException as error:
            failed.append(error)
            stop.set()

    supernode = threading.Thread(target=keep_supernode, name="supernode")
    supernode.start()
    try:
        secure = SecureRounds(participant=participant, node_key=enrolled.node_key)
        serve(post, answer_for(participant, secure), stop=stop)
    finally:
        stop.set()
        supernode.join()
        api.secret.unlink(missing_ok=True)
    if failed:
        raise failed[0]


def _end_at_once() -> None:
    """Not by an exception: the thread that hangs does not come to handle it. The SuperNode ends with this process."""
    os._exit(HUNG)
