import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from client.keys.key_file import KeyFile, KeySet, read_key_file, shred_mood
from client.keys.passphrase import Stretching
from client.keys.wrapping import new_key, wrap
from shared_model.errors import BadInput


def sealed(purpose):
    return wrap(new_key(), under=new_key(), purpose=purpose)


def key_set(*, mood=True, keyring=True):
    return KeySet(
        by_keyring=sealed("data") if keyring else None,
        by_passphrase=sealed("data"),
        ledger=sealed("ledger"),
        mood=sealed("mood") if mood else None,
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


@pytest.mark.parametrize("mood", [True, False])
@pytest.mark.parametrize("keyring", [True, False])
@pytest.mark.parametrize("rotating", [True, False])
def test_what_is_written_is_read_again_and_is_its_owners_alone(path, mood, keyring, rotating):
    keys = key_set(mood=mood, keyring=keyring)
    file = KeyFile(profile="0" * 16, stretching=Stretching(), current=keys, incoming=key_set() if rotating else None)
    file.write(path)
    assert read_key_file(path) == file
    assert path.stat().st_mode & 0o777 == 0o600


def test_line_30_a_shredded_key_of_answers_is_in_no_file_not_even_in_one_that_a_kill_left_half_written(path):
    file = KeyFile(profile="0" * 16, stretching=Stretching(), current=key_set(), incoming=key_set())
    file.write(path)
    path.with_name(".keys.json.0badc0de").write_bytes(path.read_bytes()[:-30])
    secrets = [keys.mood.sealed.hex() for keys in (file.current, file.incoming)]
    shredded = shred_mood(file, path)
    assert shredded == read_key_file(path)
    assert shredded.current == replace(file.current, mood=None)
    assert shredded.incoming == replace(file.incoming, mood=None)
    assert [each.name for each in path.parent.iterdir()] == ["keys.json"]
    assert not [secret for secret in secrets if secret in path.read_text()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.data())
@example(None)
def test_a_damaged_file_is_a_sentence_or_another_file_and_never_a_crash(path, data):
    KeyFile(profile="0" * 16, stretching=Stretching(), current=key_set()).write(path)
    content = bytearray(path.read_bytes())
    if data is None:
        content = bytearray(b"[" * 10_000)
    else:
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=5))
    path.write_bytes(content)
    with contextlib.suppress(BadInput):  # anything else would be a traceback
        read_key_file(path)
    path.unlink()


@pytest.mark.parametrize(
    "changed",
    [{"memory_kib": 2**40}, {"memory_kib": -1}, {"iterations": 0}, {"lanes": 0}, {"salt": ""}, {"salt": "00"}],
)
def test_costs_that_argon2_would_refuse_or_no_computer_has_are_damage(path, changed):
    KeyFile(profile="0" * 16, stretching=Stretching(), current=key_set()).write(path)
    content = json.loads(path.read_text())
    content["argon2id"] |= changed
    path.write_text(json.dumps(content))
    with pytest.raises(BadInput, match="damaged"):
        read_key_file(path)
