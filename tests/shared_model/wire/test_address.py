import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.wire.address import is_ip, joined, require_host, split


@pytest.mark.parametrize("host", ["localhost", "music.example.org", "127.0.0.1", "::1", "a-b.c", "2001:db8::1"])
def test_host_and_port_read_back_as_they_were(host):
    assert split(joined(host, 9443)) == (host, 9443)


@pytest.mark.parametrize(
    "address",
    ["", "localhost", "localhost:", ":9443", "localhost:0", "localhost:65536", "localhost:09443", "::1:9443", "[::1]",
     "user@host:1", "http://host:1", "host:1/path", "HOST:1", "host_:1", "-host:1", "unix:/tmp/x:1", "fe80::1%eth0:1",
     "host:\u0661", "[localhost]:1", "dns:host:1", "a..b:1"],
)  # fmt: skip
def test_anything_else_is_no_address(address):
    with pytest.raises(ValueError, match=r"address|host"):
        split(address)


@given(st.text(max_size=40))
def test_no_text_makes_it_fail_otherwise(text):
    try:
        host, port = split(text)
    except ValueError:
        return
    require_host(host)
    assert joined(host, port) == text


def test_a_scope_is_no_part_of_an_address():
    assert not is_ip("fe80::1%eth0")
