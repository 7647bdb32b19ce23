"""Memory of this process, as Linux tells it."""

from pathlib import Path


def resident_mib(name: str = "VmRSS") -> float:
    """MiB now, or at its peak ("VmHWM"); what a parent held before this process was started does not count."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) / 1024
