import datetime
import ipaddress

import pytest
from cryptography import x509
from cryptography.x509 import DNSName, IPAddress
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from server.keys.authority import AUTHORITY_DAYS, SERVER_DAYS, Issued, issue, new_authority

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
HOSTS = ("music.example.org", "192.0.2.7")


@pytest.fixture(scope="module")
def authority() -> Issued:
    return new_authority("forelle", HOSTS, now=NOW)


def verify(authority: Issued, server: Issued, name: str, *, days: float = 1) -> None:
    """By the verifier of cryptography, which is not the one that gRPC has."""
    try:
        subject = IPAddress(ipaddress.ip_address(name))
    except ValueError:
        subject = DNSName(name)
    policy = PolicyBuilder().store(Store([authority.certificate])).time(NOW + datetime.timedelta(days=days))
    policy.build_server_verifier(subject).verify(server.certificate, [])


@pytest.mark.parametrize("name", [*HOSTS, "localhost", "127.0.0.1"])
def test_the_certificate_holds_for_every_name_that_was_given_and_for_this_host(authority, name):
    verify(authority, issue(authority, HOSTS, now=NOW), name)


def test_the_authority_vouches_for_no_other_host(authority):
    server = issue(authority, ("bank.example.org",), now=NOW)
    with pytest.raises(VerificationError):
        verify(authority, server, "bank.example.org")


def test_another_authority_of_the_same_name_vouches_for_nothing_here(authority):
    server = issue(new_authority("forelle", HOSTS, now=NOW), HOSTS, now=NOW)
    with pytest.raises(VerificationError):
        verify(authority, server, "localhost")


@pytest.mark.parametrize("days", [-1, SERVER_DAYS + 1])
def test_the_certificate_has_a_beginning_and_an_end(authority, days):
    with pytest.raises(VerificationError):
        verify(authority, issue(authority, HOSTS, now=NOW), "localhost", days=days)


def test_the_authority_can_make_no_other_authority(authority):
    basic = authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.value.ca, basic.value.path_length, basic.critical) == (True, 0, True)
    assert authority.certificate.not_valid_after_utc == NOW + datetime.timedelta(days=AUTHORITY_DAYS)
