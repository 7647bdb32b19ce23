"""One measurement in a process of its own, whose memory is that of the device and of nothing else; prints JSON.

python -m simulations.benchmark.device.child import|recommend|scrobble|pages FOLDER
"""

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from client.process import settle
from simulations.benchmark.resident import resident_mib

ASKED = 40
"""Recommendations that are timed."""
SUBMISSIONS = 3_200
SETTLED_S = 8.0
"""What the server, or a first page, set going beside it has ended then."""
PAGES = {
    "today": "/",
    "checkin": "/checkin",
    "history": "/history",
    "privacy": "/privacy",
    "data": "/data",
    "settings": "/settings",
}


def main() -> None:
    """Measure what the first argument names."""
    settle()
    what, folder = sys.argv[1], Path(sys.argv[2])
    print(json.dumps({"import": import_, "recommend": recommend, "scrobble": scrobble, "pages": pages}[what](folder)))


def import_(folder: Path) -> dict[str, float]:
    """CPU seconds of importing the export beside the profile, twice, and the peak of resident memory."""
    from client.ingest.formats import FormatName
    from client.ingest.import_history import import_history
    from client.profile import open_profile

    seconds = []
    with open_profile(folder / "profile") as profile:
        for _ in range(2):
            begun = time.process_time()
            import_history(
                folder / "export.json",
                FormatName.SPOTIFY,
                history=profile.history,
                consent=profile.consents.listening(),
                clock=lambda: int(time.time()),
            )
            seconds.append(time.process_time() - begun)
    return {"first_s": seconds[0], "again_s": seconds[1], "peak_mib": resident_mib("VmHWM")}


def recommend(folder: Path) -> dict[str, float]:
    """CPU seconds from an opened profile to a recommender, and of one recommendation; resident memory."""
    from client.profile import open_profile
    from client.recommend.ask import prepare
    from client.recommend.choice import Choice, Source

    with open_profile(folder / "profile") as profile:
        begun = time.process_time()
        recommender = prepare(profile)
        load_s = time.process_time() - begun
        choice = Choice(source=Source.ANYWHERE)
        now_s = float(recommender.history.started_at_s[-1]) + 60  # type: ignore[index]
        each = [_cpu_s(lambda: recommender.recommend(10, choice, now_s=now_s, state=None)) for _ in range(ASKED)]
    return {
        "load_s": load_s,
        "recommend_s": statistics.median(each[1:]),
        "resident_mib": resident_mib(),
        "peak_mib": resident_mib("VmHWM"),
    }


def scrobble(folder: Path) -> dict[str, float]:
    """Of the endpoint for players over a real socket, every play on disk before its answer: CPU milliseconds of the
    server for a submission, and how many a second were accepted, by one player and by sixteen at once."""
    import uvicorn
    from fastapi import FastAPI

    from client.keys.player_token import new_player_token
    from client.profile import open_profile
    from client.web.listenbrainz.router import listenbrainz_router

    found = {}
    with open_profile(folder / "profile") as profile:
        token = new_player_token(profile.folder, ledger_key=profile.ledger_key)
        app = FastAPI()
        app.include_router(listenbrainz_router(profile))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False, ws="none"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        address = f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        for name, connections in (("one", 1), ("sixteen", 16)):
            begun = time.process_time()
            command = [sys.executable, "-m", "simulations.benchmark.device.player", address, token]
            command += [str(SUBMISSIONS), str(connections)]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - ourselves
            found[f"{name}_cpu_ms"] = 1000 * (time.process_time() - begun) / SUBMISSIONS
            found[f"{name}_a_second"] = SUBMISSIONS / float(told)
        server.should_exit = True
        thread.join()
    return found | {"peak_mib": resident_mib("VmHWM")}


def pages(folder: Path) -> dict[str, float]:
    """Of the listener's page over a real socket: CPU milliseconds of each of its pages, the asking for it included, the
    median of 20 after the first; and seconds until the first was there, some seconds after the server began."""
    import http.client
    import socket

    import uvicorn

    from client.profile import open_profile
    from client.web.app import make_app
    from client.web.session import new_link, page_key

    found = {}
    with open_profile(folder / "profile") as profile, socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        app = make_app(profile, port=port, clock=time.time, stop=lambda: None)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        app.state.served.begin_early()  # as `serve` does
        time.sleep(SETTLED_S)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers: dict[str, str] = {}

        def read(path: str) -> str | None:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != (http.HTTPStatus.SEE_OTHER if path.startswith("/enter") else http.HTTPStatus.OK):
                raise SystemExit(f"{path}: {answer.status}: {content[:200]!r}")
            return answer.headers.get("Set-Cookie")

        cookie = read(f"/enter?link={new_link(page_key(profile.ledger_key), now_s=int(time.time()))}")
        assert cookie is not None
        headers["Cookie"] = cookie.partition(";")[0]
        for name, path in PAGES.items():
            begun = time.perf_counter()
            read(path)
            found[f"{name}_first_s"] = time.perf_counter() - begun
            time.sleep(SETTLED_S)
            connection.close()  # so long an idle one is the server's to close, and another is opened
            each = [_cpu_s(lambda path=path: read(path)) for _ in range(20)]  # type: ignore[misc]
            found[f"{name}_cpu_ms"] = 1000 * statistics.median(each)
        server.should_exit = True
        thread.join()
    return found | {"peak_mib": resident_mib("VmHWM")}


def _cpu_s(call: Callable[[], object]) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun


if __name__ == "__main__":
    main()
