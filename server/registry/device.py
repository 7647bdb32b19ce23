"""What the registry holds, as values: a device, and the invitation that it came by."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization

from shared_model.wire.node_key import read_public_der


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A registered node. number: of its registration; public_key: DER; label: never leaves the coordinator."""

    number: int
    public_key: bytes
    joined_at_s: int
    revoked_at_s: int | None
    label: str = field(repr=False)

    @property
    def public_pem(self) -> bytes:
        """As Flower compares keys."""
        key = read_public_der(self.public_key)
        return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    @property
    def public_ssh(self) -> bytes:
        """As `flwr supernode register` reads it."""
        key = read_public_der(self.public_key)
        return key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An invitation as the operator sees it."""

    label: str
    made_at_s: int
    expires_at_s: int
    revoked_at_s: int | None
    device: Device | None

    def state(self, *, now_s: float) -> str:
        """open, expired, revoked or joined."""
        if self.revoked_at_s is not None or (self.device is not None and self.device.revoked_at_s is not None):
            return "revoked"
        if self.device is not None:
            return "joined"
        return "expired" if now_s >= self.expires_at_s else "open"
