"""All benchmarks, part by part, and what they found in words and in JSON."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from simulations.benchmark.secagg.compared import Compared

_AUDITS = {
    "mechanism": "100,000 trials of 64 numbers",
    "one_run": "1,000 canaries, 50 rounds of quick",
    "verify": "a log of 100,000 rounds",
}
_DEVICE = {
    ("import", "first_s"): "a million plays imported: {:.1f} CPU seconds",
    ("import", "again_s"): "the same file once more: {:.1f} CPU seconds",
    ("import", "peak_mib"): "its peak: {:.0f} MiB",
    **{
        ("pages", f"{name}_cpu_ms"): f"the page {name} over them: {{:.1f}} CPU ms"
        for name in ("today", "checkin", "history", "privacy", "data", "settings")
    },
    ("pages", "history_first_s"): "the first history, some seconds after the server began: {:.3f} seconds",
    ("pages", "peak_mib"): "its peak: {:.0f} MiB",
    ("recommend", "load_s"): "loading 100,000 tracks and 5,000 plays: {:.2f} CPU seconds",
    ("recommend", "recommend_s"): "one recommendation: {:.4f} CPU seconds",
    ("recommend", "resident_mib"): "resident: {:.0f} MiB",
    ("recommend", "peak_mib"): "its peak: {:.0f} MiB",
    ("scrobble", "one_cpu_ms"): "a play submitted by one player: {:.2f} CPU ms of the endpoint",
    ("scrobble", "one_a_second"): "accepted of it, each on disk before the next: {:.0f} a second",
    ("scrobble", "sixteen_cpu_ms"): "a play submitted by sixteen players at once: {:.2f} CPU ms of the endpoint",
    ("scrobble", "sixteen_a_second"): "accepted of them: {:.0f} a second",
    ("scrobble", "peak_mib"): "its peak: {:.0f} MiB",
}

_DEPLOYED = {
    "round_s": "a round of three devices over TLS: {:.2f} seconds",
    "in_process_s": "the same work in one process, one device after the other: {:.2f} seconds",
    "training_s": "of it, one device's: {:.2f} seconds",
    "beyond_training_s": "a round beyond one device's work: {:.2f} seconds",
    "bytes_down": "to a device in a round: {:,.0f} bytes",
    "bytes_up": "from a device in a round: {:,.0f} bytes",
    "peak_mib_few": "peak with 50 replies: {:.0f} MiB",
    "peak_mib_many": "peak with 500 replies: {:.0f} MiB",
    "peak_ratio": "the one over the other: {:.2f}",
    "grown_mib_few": "grown in a round of 50: {:.1f} MiB",
    "grown_mib_many": "grown in a round of 500: {:.1f} MiB",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured; the parts that were not asked for are None."""

    plain_loop: float | None = None
    audits: dict[str, float] | None = None
    device: dict[str, dict[str, float]] | None = None
    deployed: dict[str, float] | None = None
    secagg: tuple[Compared, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        """For `benchmark --json`."""
        found: dict[str, Any] = {}
        if self.plain_loop is not None:
            found["same_arithmetic"] = {"plain_loop": round(self.plain_loop, 3)}
        if self.audits is not None:
            found["audit_cpu_seconds"] = {name: round(value, 1) for name, value in self.audits.items()}
        if self.device is not None:
            found["device"] = {
                job: {name: round(value, 4) for name, value in numbers.items()} for job, numbers in self.device.items()
            }
        if self.deployed is not None:
            found["deployed"] = {name: round(value, 3) for name, value in self.deployed.items()}
        if self.secagg is not None:
            found["secagg"] = [row.as_json() for row in self.secagg]
        return found

    def lines(self) -> list[str]:
        """For people."""
        lines = []
        if self.plain_loop is not None:
            lines.append(f"in-process engine with privacy over a plain loop without: {self.plain_loop:.2f} x")
        if self.audits is not None:
            lines += [f"audit, {told}: {self.audits[name]:.1f} CPU seconds" for name, told in _AUDITS.items()]
        if self.device is not None:
            lines += [f"device, {told.format(self.device[job][name])}" for (job, name), told in _DEVICE.items()]
        if self.deployed is not None:
            lines += [f"deployed, {told.format(self.deployed[name])}" for name, told in _DEPLOYED.items()]
        if self.secagg is not None:
            lines += [f"secagg, {row.line()}" for row in self.secagg]
        return lines


def measure(
    parts: Sequence[str], watched: Callable[[str], AbstractContextManager[Callable[[float], None]]]
) -> Measured:
    """Run the benchmarks named in `parts`: engine, audits, device, deployed, secagg. watched: shows a stage while it
    runs."""
    plain_loop = audits = device = deployed = secagg = None
    if "engine" in parts:
        from simulations.benchmark.same_arithmetic import speed_over_plain_loop

        plain_loop = speed_over_plain_loop()
    if "audits" in parts:
        from simulations.benchmark.audits import cost_of_audits

        audits = cost_of_audits(watched)
    if "device" in parts:
        from simulations.benchmark.device.cost import cost_of_a_device

        device = cost_of_a_device(watched)
    if "deployed" in parts:
        from simulations.benchmark.deployed.cost import cost_of_deployment

        deployed = cost_of_deployment(watched)
    if "secagg" in parts:
        from simulations.benchmark.secagg.cost import cost_of_secure_rounds

        secagg = tuple(cost_of_secure_rounds(watched))
    return Measured(plain_loop=plain_loop, audits=audits, device=device, deployed=deployed, secagg=secagg)
