"""Health and metrics for the operator's own tools, on this host alone: how it stands, and nothing of any device."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from server.operations.status import Status

_START_S = 10.0
_METRICS = (
    ("round", "last finished round"),
    ("aborted", "rounds that were aborted"),
    ("devices", "devices that may take part"),
    ("epsilon", "spent by the population"),
    ("release", "number of the newest release, NaN before the first"),
)
_MEANING = ("delta", "unit", "relation", "adversary", "trust")
"""Labels of an epsilon, which says nothing without them. No metric has a label of any device."""


def health_app(status: Callable[[], Status], answers: Callable[[], bool]) -> FastAPI:
    """/health: 200 where the SuperLink answers, else 503; /metrics: in Prometheus' text form."""
    app = FastAPI(title="sottovoce coordinator", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    def health() -> Response:
        well = answers()
        return JSONResponse({"superlink": well, **status().as_json()}, status_code=200 if well else 503)

    @app.get("/metrics")
    def metrics() -> Response:
        found = status().as_json()
        lines = []
        for name, told in _METRICS:
            value = found[name]
            shown = "+Inf" if value == "infinite" else "NaN" if value is None else value
            meant = ",".join(f'{each}="{found[each]}"' for each in _MEANING) if name == "epsilon" else ""
            labels = f"{{{meant}}}" if meant else ""
            lines += [f"# HELP sottovoce_{name} {told}", f"# TYPE sottovoce_{name} gauge"]
            lines.append(f"sottovoce_{name}{labels} {shown}")
        return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")

    return app


@contextmanager
def served(app: FastAPI, *, port: int) -> Iterator[None]:
    """Listen at 127.0.0.1 until the context ends."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, name="health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_START_S)
