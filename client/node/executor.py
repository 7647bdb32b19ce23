"""The resident executor: one process that answers every message of a SuperNode with the code that is installed here.

It speaks the Runtime API of a SuperNode in process isolation, which has no public client: this is the only file that
uses private modules of Flower, so that the version is pinned. A bundle is hashed before anything else is asked for,
and is never unpacked, let alone run; what came with an unknown one is never read.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import flwr
import httpx
from flwr.app import Error, Message, RecordDict
from flwr.app.message import remove_content_from_message
from flwr.common.constant import ErrorCode, SubStatus
from flwr.common.serde import message_from_proto, message_to_proto
from flwr.proto.message_pb2 import ObjectTree
from flwr.proto.node_pb2 import Node
from flwr.proto.runtime_pb2 import (
    AcquireTaskRequest,
    PullAppMessagesRequest,
    PullTaskInputRequest,
    PushAppMessagesRequest,
    PushTaskOutputRequest,
    SendTaskHeartbeatRequest,
)
from flwr.supercore.constant import TaskType
from flwr.supercore.inflatable.inflatable_object import (
    get_all_nested_objects,
    get_object_tree,
    iterate_object_tree,
    no_object_id_recompute,
)
from flwr.supercore.inflatable.inflatable_protobuf_utils import (
    make_confirm_message_received_fn_protobuf,
    make_pull_object_fn_protobuf,
    make_push_object_fn_protobuf,
)
from flwr.supercore.inflatable.inflatable_utils import (
    ObjectPullError,
    pull_and_inflate_object_from_tree,
    pull_objects,
    push_objects,
)
from flwr.supercore.interceptors import (
    RuntimeTokenHttpInterceptor,
    RuntimeVersionHttpInterceptor,
    SuperExecAuthHttpInterceptor,
)
from flwr.supercore.runtime import RuntimeHttpClient
from flwr.supercore.task_identity import TaskIdentity

from shared_model.errors import BadInput

VERSION = "1.41."
POLL_S = 0.2
HEARTBEAT_S = 10.0
"""A task's token lives 30 s from the claim and 60 s from each heartbeat; Flower has no setting for either."""
PULL_S = 20.0
"""After a killed SuperLink a message may have no content that ever comes."""
COMPONENT = "flwr-clientapp"
REFUSED = Error(ErrorCode.INVALID_FAB, "This bundle is not of the code that this device has installed.")
FAILED = Error(ErrorCode.CLIENT_APP_CRASHED, "The message could not be answered.")
"""The only errors that leave, word for word: nothing about the device or its owner."""

log = logging.getLogger(__name__)
Answer = Callable[[RecordDict], RecordDict]
"""What of this installation answers a message's content. It does not raise, and is called in `serve`'s thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Where tasks come from. address: the SuperNode's Runtime API, on this computer; secret: the file that it was
    started with; bundles: SHA-256, hexadecimal, of all that are known here; longest_s: an answer that takes longer
    is a hang, and `hung` is called, from another thread: it is to end this process.
    """

    address: str
    secret: Path
    bundles: Collection[str]
    longest_s: float
    hung: Callable[[], None]


def require_version() -> None:
    """Raises BadInput for a Flower that this file was not tested against."""
    if not flwr.__version__.startswith(VERSION):
        raise BadInput(
            f"node: Flower {flwr.__version__} is installed, and this version of sottovoce speaks to {VERSION}* only; "
            f'install it with: pip install "flwr=={VERSION}*"'
        )


def serve(post: Post, answer: Answer, *, stop: threading.Event) -> None:
    """Answer task after task until `stop`. A SuperNode that is away is waited for."""
    require_version()
    signed = SuperExecAuthHttpInterceptor(
        master_secret=post.secret.read_bytes(), protected_methods={"/flwr.proto.Runtime/AcquireTask"}
    )
    with _client(post, signed) as client:
        while not stop.wait(POLL_S):
            try:
                claimed = client.AcquireTask(AcquireTaskRequest(supported_task_types=[TaskType.CLIENT_APP]))
                if claimed.token:
                    _handle(post, claimed.token, answer)
            except httpx.HTTPError as error:  # a SuperNode that starts, stops or is away
                log.debug("node.interrupted cause=%s", type(error).__name__)
            except Exception as error:
                # whatever came of one task, the next is waited for; what was claimed expires by itself. Not a word of
                # the error: there may be anything in it
                log.warning("node.interrupted cause=%s", type(error).__name__)


def _client(post: Post, interceptor: RuntimeTokenHttpInterceptor | SuperExecAuthHttpInterceptor) -> RuntimeHttpClient:
    """Without Flower's retries, which go on for ever."""
    version = RuntimeVersionHttpInterceptor(component_name=COMPONENT)
    return RuntimeHttpClient.from_server_address(
        post.address, insecure=True, root_certificates=None, interceptors=[version, interceptor]
    )


def _handle(post: Post, token: str, answer: Answer) -> None:
    with _client(post, RuntimeTokenHttpInterceptor(token)) as client:
        done = threading.Event()
        beats = threading.Thread(target=_beat, args=(post, token, done), name="heartbeat", daemon=True)
        beats.start()
        try:
            given = client.PullTaskInput(PullTaskInputRequest())
            TaskIdentity.task_id, TaskIdentity.run_id = given.task_id, given.run.run_id
            TaskIdentity.node_id = given.context.node_id
            known = hashlib.sha256(given.fab.content).hexdigest() in post.bundles
            if not known:
                log.warning("node.bundle_refused")
            reply = _reply(client, given.context.node_id, answer if known else None)
            if reply is not None:
                _push(client, reply, given.context.node_id)
            status = SubStatus.COMPLETED if known and reply is not None else SubStatus.FAILED
            client.PushTaskOutput(PushTaskOutputRequest(sub_status=status, details=""))
        finally:
            done.set()


def _beat(post: Post, token: str, done: threading.Event) -> None:
    """In a thread and over a connection of its own, so that training never delays it; the watchdog besides."""
    ends = time.monotonic() + post.longest_s
    with _client(post, RuntimeTokenHttpInterceptor(token)) as client:
        wait_s = 0.0
        while not done.wait(wait_s):
            if time.monotonic() > ends:
                log.error("node.hung seconds=%d", post.longest_s)
                post.hung()
                return
            try:
                client.SendTaskHeartbeat(SendTaskHeartbeatRequest())
            except (httpx.HTTPError, ValueError):
                log.debug("node.heartbeat_lost")
            wait_s = min(HEARTBEAT_S, max(0.1, ends - time.monotonic()))


def _reply(client: RuntimeHttpClient, node: int, answer: Answer | None) -> Message | None:
    """What is sent back, or None where there is no message. answer: None refuses, with the content not read."""
    pulled = client.PullMessages(PullAppMessagesRequest())
    if not pulled.messages_list:
        return None
    asked, tree = message_from_proto(pulled.messages_list[0]), pulled.message_object_trees[0]
    confirm = make_confirm_message_received_fn_protobuf(client.ConfirmMessageReceived, Node(node_id=node), asked_run())
    asked.metadata.__dict__["_message_id"] = tree.object_id  # what it is by, as Flower's own executor sets it
    if answer is None:
        _discard(client, node, tree)
        confirm(tree.object_id)
        return Message(REFUSED, reply_to=asked)
    try:
        content = _content(client, node, tree, confirm)
    except (ObjectPullError, ValueError, TypeError, KeyError) as error:  # it never came, or is no message
        log.warning("node.message_lost cause=%s", type(error).__name__)
        return Message(FAILED, reply_to=asked)
    return Message(answer(content), reply_to=asked)


def _discard(client: RuntimeHttpClient, node: int, tree: ObjectTree) -> None:
    """Wait until the SuperNode has all of it: it drops a message, and every reply with it, that is confirmed before."""
    pull = make_pull_object_fn_protobuf(client.PullObject, Node(node_id=node), asked_run())
    names = sorted({each.object_id for each in iterate_object_tree(tree)})
    try:
        pull_objects(names, pull, max_time=PULL_S)
    except (ObjectPullError, ValueError) as error:
        log.warning("node.message_lost cause=%s", type(error).__name__)


def _content(client: RuntimeHttpClient, node: int, tree: ObjectTree, confirm: Callable[[str], None]) -> RecordDict:
    pull = make_pull_object_fn_protobuf(client.PullObject, Node(node_id=node), asked_run())
    message = pull_and_inflate_object_from_tree(tree, pull, confirm, return_type=Message, max_time=PULL_S)
    return message.content


def asked_run() -> int:
    """Flower's run of the task at hand."""
    return int(TaskIdentity.run_id)


def _push(client: RuntimeHttpClient, reply: Message, node: int) -> None:
    reply.metadata.__dict__["_message_id"] = reply.object_id
    with no_object_id_recompute():
        told = client.PushMessages(
            PushAppMessagesRequest(
                messages_list=[message_to_proto(remove_content_from_message(reply))],
                message_object_trees=[get_object_tree(reply)],
            )
        )
        push = make_push_object_fn_protobuf(
            client.PushObject, Node(node_id=node), run_id=asked_run(), session_id=told.session_id
        )
        push_objects(get_all_nested_objects(reply), push, object_ids_to_push=set(told.objects_to_push))
