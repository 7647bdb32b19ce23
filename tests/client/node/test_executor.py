"""The executor against a Runtime API of the test; tests/server/deployment has it against Flower's own."""

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flwr.app import ConfigRecord, Context, Message, RecordDict
from flwr.app.message import make_message, remove_content_from_message
from flwr.app.metadata import Metadata
from flwr.common.serde import context_to_proto, fab_to_proto, message_from_proto, message_to_proto
from flwr.proto.message_pb2 import ConfirmMessageReceivedResponse, PullObjectRequest, PullObjectResponse
from flwr.proto.run_pb2 import Run
from flwr.proto.runtime_pb2 import (
    AcquireTaskResponse,
    PullAppMessagesResponse,
    PullTaskInputResponse,
    PushAppMessagesRequest,
    PushAppMessagesResponse,
    PushTaskOutputRequest,
    PushTaskOutputResponse,
    SendTaskHeartbeatResponse,
)
from flwr.supercore.fab import Fab
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects, get_object_tree

from client.node import executor
from client.node.executor import Post, serve

pytestmark = pytest.mark.integration  # sockets
BUNDLE = b"the bundle"
KNOWN = hashlib.sha256(BUNDLE).hexdigest()


class Runtime:
    """One task, then none. asked: the last words of each path."""

    def __init__(self, bundle: bytes, *, lost: bool = False) -> None:
        metadata = Metadata(
            run_id=7,
            message_id="",
            src_node_id=1,
            dst_node_id=5,
            reply_to_message_id="",
            group_id="1",
            created_at=time.time(),
            ttl=60.0,
            message_type="train",
        )
        message: Message = make_message(
            metadata=metadata, content=RecordDict({"said": ConfigRecord({"word": "hello"})})
        )
        message.metadata.__dict__["_message_id"] = message.object_id
        self.objects = {name: each.deflate() for name, each in get_all_nested_objects(message).items()}
        context = Context(run_id=7, node_id=5, node_config={}, state=RecordDict(), run_config={})
        given = PullTaskInputResponse(
            context=context_to_proto(context),
            run=Run(run_id=7),
            fab=fab_to_proto(Fab(hashlib.sha256(bundle).hexdigest(), bundle, {})),
            task_id=3,
        )
        pulled = PullAppMessagesResponse(
            messages_list=[message_to_proto(remove_content_from_message(message))],
            message_object_trees=[get_object_tree(message)],
        )
        self.tasks = [AcquireTaskResponse(token="token")]  # noqa: S106 - of the test
        self.tasks[0].task.task_id = 3
        self.asked: list[str] = []
        self.reply: Message | None = None
        self.status = ""
        self.lost = lost
        self.fixed: dict[str, Any] = {
            "pull-task-input": given,
            "pull-messages": pulled,
            "confirm-message-received": ConfirmMessageReceivedResponse(),
            "send-task-heartbeat": SendTaskHeartbeatResponse(success=True),
        }

    def answer(self, name: str, body: bytes) -> bytes:
        self.asked.append(name)
        if name == "acquire-task":
            return (self.tasks.pop() if self.tasks else AcquireTaskResponse()).SerializeToString()
        if name == "pull-object":
            content = self.objects[PullObjectRequest.FromString(body).object_id]
            available = not self.lost
            found = PullObjectResponse(
                object_found=True, object_available=available, object_content=content if available else b""
            )
            return found.SerializeToString()
        if name == "push-messages":
            pushed = PushAppMessagesRequest.FromString(body)
            self.reply = message_from_proto(pushed.messages_list[0])
            return PushAppMessagesResponse(session_id="session").SerializeToString()
        if name == "push-task-output":
            self.status = PushTaskOutputRequest.FromString(body).sub_status
            return PushTaskOutputResponse().SerializeToString()
        return self.fixed[name].SerializeToString()


class Served:
    """A runtime on a free port, and an executor that answers it in a thread."""

    def __init__(self, runtime: Runtime, tmp_path: Path) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                answer = runtime.answer(self.path.rpartition("/")[2], body)
                self.send_response(200)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.secret = tmp_path / "secret"
        self.secret.write_bytes(b"secret")
        self.stop = threading.Event()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, answer: Any, *, longest_s: float = 60.0, hung: Any = None) -> None:
        post = Post(
            address=f"127.0.0.1:{self.server.server_port}",
            secret=self.secret,
            bundles={KNOWN},
            longest_s=longest_s,
            hung=hung or self.stop.set,
        )
        self.thread = threading.Thread(target=serve, args=(post, answer), kwargs={"stop": self.stop})
        self.thread.start()

    def until(self, condition: Any) -> None:
        ends = time.monotonic() + 10
        while not condition() and time.monotonic() < ends:
            time.sleep(0.02)
        assert condition()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Any]:
    made: list[Served] = []

    def make(runtime: Runtime) -> Served:
        made.append(Served(runtime, tmp_path))
        return made[-1]

    yield make
    for each in made:
        each.stop.set()
        each.thread.join(10)
        each.server.shutdown()
        each.server.server_close()


def test_a_task_of_the_known_bundle_is_answered(served: Any) -> None:
    runtime, heard = Runtime(BUNDLE), []

    def answer(content: RecordDict) -> RecordDict:
        heard.append(content)
        return RecordDict({"said": ConfigRecord({"word": "hi"})})

    served(runtime).serve(answer)
    made = served(Runtime(BUNDLE))  # a second one at the same time is no matter
    made.serve(answer)
    made.until(lambda: runtime.status and len(heard) == 2)
    assert heard[0]["said"]["word"] == "hello"
    assert runtime.status == "completed"
    assert runtime.reply is not None
    assert runtime.reply.metadata.dst_node_id == 1
    assert "send-task-heartbeat" in runtime.asked


def test_an_unknown_bundle_is_refused_with_nothing_of_the_message_read(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "pull_and_inflate_object_from_tree", lambda *_, **__: pytest.fail("it was read"))
    runtime = Runtime(BUNDLE + b"!")
    made = served(runtime)
    made.serve(lambda _: pytest.fail("it was answered"))
    made.until(lambda: runtime.status)
    # confirmed when the SuperNode has all of it, which forgets the reply otherwise
    assert runtime.asked.count("pull-object") >= len(runtime.objects)
    assert runtime.asked.index("confirm-message-received") > runtime.asked.index("pull-object")
    assert runtime.status == "failed"
    assert runtime.reply is not None
    assert runtime.reply.error.code == 7
    assert runtime.reply.error.reason == executor.REFUSED.reason


def test_a_message_whose_content_never_comes_is_given_up(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "PULL_S", 0.3)
    runtime = Runtime(BUNDLE, lost=True)
    made = served(runtime)
    made.serve(lambda _: pytest.fail("it was answered"))
    made.until(lambda: runtime.reply is not None)
    assert runtime.reply is not None
    assert runtime.reply.error.reason == executor.FAILED.reason


def test_a_hang_is_noticed_while_heartbeats_go_on(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "HEARTBEAT_S", 0.1)
    runtime, noticed, release = Runtime(BUNDLE), threading.Event(), threading.Event()

    def hang(_: RecordDict) -> RecordDict:
        release.wait(20)
        return RecordDict()

    made = served(runtime)
    made.serve(hang, longest_s=0.6, hung=noticed.set)
    assert noticed.wait(10)
    assert runtime.asked.count("send-task-heartbeat") >= 3
    release.set()


def test_a_supernode_that_is_away_is_waited_for(served: Any) -> None:
    runtime = Runtime(BUNDLE)
    tasks, runtime.tasks = runtime.tasks, []
    made = served(runtime)
    made.serve(lambda _: RecordDict())
    made.until(lambda: runtime.asked.count("acquire-task") >= 2)
    runtime.answer, answers = (lambda *_: b"\xff"), runtime.answer  # nothing that can be read
    time.sleep(0.6)
    runtime.answer = answers  # type: ignore[method-assign]
    runtime.tasks = tasks
    made.until(lambda: runtime.status == "completed")
