import pytest

from server.deployment.superlink_process import Door, may_enter


@pytest.mark.parametrize("path", ["/v1/fleet/pull-messages", "/v1/fleet/activate-node", "/v1/fleet/get-fab"])
def test_nodes_come_from_anywhere(path: str) -> None:
    assert may_enter(path, ("203.0.113.9", 1))


@pytest.mark.parametrize(
    "path",
    [
        "/v1/control/start-run",
        "/v1/control/register-node",
        "/v1/runtime/acquire-task",
        "/v1/fleet/register-node",
        "/v1/fleet/../control/start-run",
        "/docs",
        "/health",
        "",
    ],
)
def test_operators_and_apps_are_of_this_host(path: str) -> None:
    for elsewhere in (("203.0.113.9", 1), ("::ffff:203.0.113.9", 1), ("localhost", 1), ("", 1), None):
        assert not may_enter(path, elsewhere)
    for here in (("127.0.0.1", 1), ("::1", 1)):
        assert may_enter(path, here)


def test_who_may_not_enter_is_told_so_and_nothing_else_is_asked() -> None:
    sent = []

    async def inside(*_: object) -> None:
        raise AssertionError

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/v1/control/start-run", "client": ("203.0.113.9", 1)}
    with pytest.raises(StopIteration):
        Door(inside)(scope, None, send).send(None)  # type: ignore[arg-type,union-attr]
    assert [message.get("status") for message in sent] == [403, None]
