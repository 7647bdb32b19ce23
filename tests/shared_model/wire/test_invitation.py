import datetime
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.keys.authority import issue, new_authority
from shared_model import canonical_json
from shared_model.books.spelling import spell
from shared_model.errors import BadInput
from shared_model.wire.invitation import Invitation, read_invitation
from tests.shared_model.wire.conftest import SECRET

SAME_FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def test_an_invitation_reads_back_as_it_was(invitation):
    assert read_invitation(invitation.text) == invitation


def test_white_space_that_a_mail_program_added_is_ignored(invitation):
    lines = [invitation.text[at : at + 76] for at in range(0, len(invitation.text), 76)]
    assert read_invitation("\r\n  ".join(lines) + "\n") == invitation


def test_the_secret_is_not_shown_by_what_prints_an_invitation(invitation):
    assert SECRET not in repr(invitation)


@given(text=st.text())
def test_anything_else_is_refused_with_a_sentence(text):
    with pytest.raises(BadInput, match="copy the whole line again"):
        read_invitation(text)


@SAME_FIXTURE
@given(at=st.integers(0, 1999), to=st.sampled_from("ABCxyz059-_+/=. \u00e9"))
def test_one_changed_character_gives_no_other_spelling_of_the_same(invitation, at, to):
    text = invitation.text
    at %= len(text)
    changed = text[:at] + to + text[at + 1 :]
    try:
        found = read_invitation(changed)
    except BadInput:
        return
    assert found.text == "".join(changed.split())


@SAME_FIXTURE
@given(length=st.integers(0, 1999))
def test_a_beginning_of_it_is_refused(invitation, length):
    with pytest.raises(BadInput):
        read_invitation(invitation.text[: length % len(invitation.text)])


@pytest.mark.parametrize(
    "change",
    [
        {"address": "music.example.org"},
        {"address": "music.example.org:0"},
        {"address": "../etc:9443"},
        {"federation": "a/b"},
        {"federation": ""},
        {"secret": "short"},
        {"format": 2},
        {"log_key": "name+00000000+AAAA"},
        {"ca_pem": "-----BEGIN CERTIFICATE-----\n"},
    ],
)
def test_what_cannot_be_is_refused_without_its_secret(invitation, change):
    fields = canonical_json.encode({**spell(invitation), **change})
    with pytest.raises(BadInput) as error:
        read_invitation(_encoded(fields))
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("field", ["secret", "ca_pem", "log_key", "expires_at_s"])
def test_a_missing_field_or_one_too_many_is_refused(invitation, field):
    fields = dict(spell(invitation))
    del fields[field]
    for content in (fields, {**spell(invitation), "more": 1}):
        with pytest.raises(BadInput):
            read_invitation(_encoded(canonical_json.encode(content)))


def test_a_certificate_that_is_no_authoritys_is_refused(invitation):
    now = datetime.datetime.now(datetime.UTC)
    server = issue(new_authority("forelle", (), now=now), (), now=now)
    for pem in (server.pem.decode(), invitation.ca_pem + server.pem.decode(), invitation.ca_pem + "\n"):
        with pytest.raises(ValueError, match="authority"):
            replace(invitation, ca_pem=pem)


def test_one_that_is_far_too_long_is_refused_before_it_is_read():
    with pytest.raises(BadInput):
        read_invitation("A" * 1_000_000)


def _encoded(content: bytes) -> str:
    import base64

    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def test_an_invitation_has_no_place_for_an_operators_label():
    assert "label" not in Invitation.__dataclass_fields__
