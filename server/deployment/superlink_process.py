"""Flower's SuperLink with a door: `python -m server.deployment.superlink_process ARGUMENTS` is `flower-superlink`.

Flower 1.41 serves nodes (Fleet), operators (Control) and apps (Runtime) on one port, and asks nobody who starts a run
or registers a node for anything: whoever reaches the port would run code on this host. So from elsewhere only what
nodes need is let in, each request of which Flower checks against the registered keys.
"""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import ip_address
from typing import Any

Scope = MutableMapping[str, Any]
Channel = Callable[..., Awaitable[Any]]
FOR_NODES = "/v1/fleet/"
KEYLESS = frozenset({"/v1/fleet/register-node", "/v1/fleet/unregister-node"})
"""With keys a node is registered by the operator, and never registers itself."""


class Door:
    """ASGI middleware: 403 for whatever is not for nodes and does not come from this host."""

    def __init__(self, app: Callable[[Scope, Channel, Channel], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Channel, send: Channel) -> None:
        """Let in, or answer."""
        if scope["type"] == "lifespan" or may_enter(scope.get("path", ""), scope.get("client")):
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def may_enter(path: str, client: tuple[str, int] | None) -> bool:
    """path: decoded; client: address and port of the other side, None where the server does not know it."""
    if path.startswith(FOR_NODES) and path not in KEYLESS and ".." not in path:
        return True
    try:
        return client is not None and ip_address(client[0]).is_loopback
    except ValueError:
        return False


def main() -> None:
    """As `flower-superlink`."""
    from flwr.superlink import extensions
    from flwr.superlink.cli import flower_superlink
    from starlette.middleware import Middleware

    extensions.get_middleware = lambda: (Middleware(Door),)
    sys.argv[0] = "flower-superlink"
    flower_superlink()


if __name__ == "__main__":
    main()
