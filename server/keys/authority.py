"""A private certificate authority that vouches for this coordinator's names and for nothing else.

Devices trust it and no other. Its path is short (it signs no other authority) and its names are constrained, so that
with its key stolen nobody can stand for another host name, wherever the certificate was installed.
"""

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared_model.wire.address import is_ip

ALWAYS = ("localhost", "127.0.0.1")
"""Names that every coordinator has for programs of its own host."""
AUTHORITY_DAYS, SERVER_DAYS = 3650, 825
_SKEW = datetime.timedelta(hours=1)
"""Certificates begin a little before they are made: clocks differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A key and the certificate for it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def all_names(hosts: Sequence[str]) -> tuple[str, ...]:
    """`hosts` and those that are always there, each once."""
    return tuple(dict.fromkeys((*hosts, *ALWAYS)))


def new_authority(federation: str, hosts: Sequence[str], *, now: datetime.datetime) -> Issued:
    """For certificates of `hosts` and of `ALWAYS`. EC P-384; now: with its time zone."""
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{federation} authority")])
    # host names alone: BoringSSL, which gRPC verifies with, refuses every certificate below constraints on addresses
    permitted = [x509.DNSName(host) for host in all_names(hosts) if not is_ip(host)]
    built = (
        _begun(name, key.public_key(), now=now, days=AUTHORITY_DAYS)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Issued(key=key, certificate=built.sign(key, hashes.SHA384()))


def issue(
    authority: Issued,
    hosts: Sequence[str],
    *,
    now: datetime.datetime,
    days: int = SERVER_DAYS,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Issued:
    """A server's key, EC P-256 and new where none is given, and its certificate for `hosts` and `ALWAYS`."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    names = all_names(hosts)
    alternative = [x509.IPAddress(ipaddress.ip_address(name)) if is_ip(name) else x509.DNSName(name) for name in names]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sottovoce coordinator")])
    signer = x509.SubjectKeyIdentifier.from_public_key(authority.key.public_key())
    built = (
        _begun(subject, key.public_key(), now=now, days=days)
        .issuer_name(authority.certificate.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer), critical=False)
    )
    return Issued(key=key, certificate=built.sign(authority.key, hashes.SHA384()))


def _begun(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, *, now: datetime.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
