"""One row of what secure rounds cost, in words and in JSON."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundCost:
    """device_ms: CPU of one device, the median; device_bytes: both ways, without the parameters that every round sends;
    server_s: CPU of the coordinator; degree: neighbours that each device draws."""

    device_ms: float
    device_bytes: float
    server_s: float
    degree: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One row. flowers: how many times as much Flower's functions take, of device CPU and bytes and of server CPU, with
    as many neighbours as a device draws here. Ours masks with those that drew it, too: up to twice as many."""

    devices: int
    size: int
    lost: int
    ours: RoundCost
    flowers: tuple[float, float, float]

    def line(self) -> str:
        """For people."""
        cost, (cpu, sent, server) = self.ours, self.flowers
        plain = cost.device_bytes / (4 * self.size)
        return (
            f"{self.devices} devices, {self.size:,} numbers, {self.lost} lost: {cost.degree} neighbours drawn; device "
            f"{cost.device_ms:.0f} CPU ms and {cost.device_bytes:,.0f} bytes, {plain:.2f} times the plain upload; the "
            f"coordinator {cost.server_s:.1f} CPU s; Flower's functions {cpu:.1f}, {sent:.1f} and {server:.1f} times "
            "as much"
        )

    def as_json(self) -> dict[str, float]:
        """For `benchmark --json`."""
        cpu, sent, server = self.flowers
        return {
            "devices": self.devices,
            "size": self.size,
            "lost": self.lost,
            "degree": self.ours.degree,
            "device_ms": round(self.ours.device_ms, 1),
            "device_bytes": self.ours.device_bytes,
            "over_plain_upload": round(self.ours.device_bytes / (4 * self.size), 2),
            "server_s": round(self.ours.server_s, 2),
            "flowers_device_cpu": round(cpu, 1),
            "flowers_device_bytes": round(sent, 1),
            "flowers_server_cpu": round(server, 1),
        }
