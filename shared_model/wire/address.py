"""Where a coordinator listens: a host name or an IP address, and a port."""

import ipaddress
import re

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.ASCII)
_LARGEST_PORT = 65_535


def require_host(host: str) -> None:
    """Raises ValueError unless it is an IP address or a host name in lower case."""
    if not is_ip(host) and not _NAME.fullmatch(host):
        raise ValueError(f"{host!r} is neither a host name in lower case nor an IP address")


def is_ip(host: str) -> bool:
    """Whether it is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def joined(host: str, port: int) -> str:
    """`host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split(address: str) -> tuple[str, int]:
    """The inverse of `joined`. Raises ValueError for anything else."""
    host, _, port = address.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    require_host(bare)
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0
    if not 0 < number <= _LARGEST_PORT or joined(bare, number) != address:
        raise ValueError("an address is host:port, with brackets around an IPv6 address")
    return bare, number
