from hypothesis import given
from hypothesis import strategies as st

from client.keys.wrapping import Wrapped, unwrap, wrap

keys = st.binary(min_size=32, max_size=32)


@given(keys, keys)
def test_what_was_wrapped_comes_back_under_the_same_key_and_purpose_alone(secret, under):
    wrapped = wrap(secret, under=under, purpose="data")
    assert unwrap(wrapped, under=under, purpose="data") == secret
    assert unwrap(wrapped, under=under, purpose="mood") is None
    assert unwrap(wrapped, under=bytes(x ^ 1 for x in under), purpose="data") is None
    assert secret not in wrapped.sealed


@given(keys, st.integers(0, 59), st.integers(1, 255))
def test_a_changed_byte_is_noticed(under, place, flip):
    sealed = bytearray(wrap(bytes(32), under=under, purpose="data").sealed)
    sealed[place] ^= flip
    assert unwrap(Wrapped(bytes(sealed)), under=under, purpose="data") is None


@given(st.binary(max_size=80))
def test_anything_else_is_no_key(content):
    assert unwrap(Wrapped(content), under=bytes(32), purpose="data") is None
