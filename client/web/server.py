"""uvicorn around the app: one process, one socket of 127.0.0.1, and no log of who asked for what."""

import socket
import time
from collections.abc import Callable

import uvicorn

from client.profile import Profile
from client.web.app import make_app

_STOPPING_S = 5


def bound(port: int) -> socket.socket:
    """A listening socket of 127.0.0.1 alone. Raises OSError where the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(64)
    except OSError:
        listening.close()
        raise
    return listening


def run(profile: Profile, listening: socket.socket, *, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM, or until the profile was erased. ready: called when requests are answered."""

    def stop() -> None:
        server.should_exit = True

    app = make_app(profile, port=listening.getsockname()[1], clock=time.time, stop=stop)

    def begun() -> None:
        ready()
        app.state.served.begin_early()

    server = _Server(
        uvicorn.Config(
            app,
            access_log=False,  # addresses may hold a token, and say when somebody was there
            log_level="warning",
            server_header=False,
            date_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=_STOPPING_S,
            limit_concurrency=256,
        ),
        begun,
    )
    server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's."""
        await super().startup(sockets)
        if self.started:
            self._ready()
