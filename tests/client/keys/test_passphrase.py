import unicodedata

import pytest
from argon2.low_level import Type, hash_secret_raw

from client.keys.passphrase import Stretching, require_strong
from shared_model.errors import BadInput

CHEAP = {"memory_kib": 1024, "iterations": 2, "lanes": 2}


def test_it_is_argon2id_as_another_implementation_computes_it():
    stretching = Stretching(salt=bytes(range(16)))
    oracle = hash_secret_raw(b"tief im Wald", bytes(range(16)), 3, 65_536, 4, 32, Type.ID)
    assert stretching.key("tief im Wald") == oracle


def test_letters_of_another_keyboard_are_the_same_passphrase():
    stretching = Stretching(**CHEAP)
    assert stretching.key(unicodedata.normalize("NFD", "Müllerin und Bäche")) == stretching.key("Müllerin und Bäche")


def test_every_profile_has_a_salt_of_its_own():
    assert Stretching(**CHEAP).key("the same words") != Stretching(**CHEAP).key("the same words")


def test_a_short_passphrase_is_refused_and_not_repeated():
    with pytest.raises(BadInput, match="6 characters") as refusal:
        require_strong("secret")
    assert "secret" not in str(refusal.value)
