"""One measurement in a process of its own, whose memory is that of the device and of nothing else; prints JSON.

python -m simulations.benchmark.device.child import|recommend FOLDER
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from client.process import settle
from simulations.benchmark.resident import resident_mib

ASKED = 40
"""Recommendations that are timed."""


def main() -> None:
    """Measure what the first argument names."""
    settle()
    what, folder = sys.argv[1], Path(sys.argv[2])
    print(json.dumps({"import": import_, "recommend": recommend}[what](folder)))


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


def _cpu_s(call: Callable[[], object]) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun


if __name__ == "__main__":
    main()
