import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from shared_model.wire.node_key import new_node_key, public_der, read_public_der, sign_request, signed_by

SIGNED = {"method": "GetHead", "nonce": b"nonce", "body": b"body"}


def test_a_signature_holds_for_its_method_nonce_and_body_alone():
    key = new_node_key()
    signature = sign_request(key, **SIGNED)
    assert signed_by(key.public_key(), signature, **SIGNED)
    for changed in ({"method": "GetFile"}, {"nonce": b"other"}, {"body": b"other"}):
        assert not signed_by(key.public_key(), signature, **{**SIGNED, **changed})
    assert not signed_by(new_node_key().public_key(), signature, **SIGNED)
    assert not signed_by(key.public_key(), b"", **SIGNED)


def test_no_byte_moves_between_nonce_and_body():
    key = new_node_key()
    signature = sign_request(key, method="GetHead", nonce=b"ab", body=b"c")
    assert not signed_by(key.public_key(), signature, method="GetHead", nonce=b"a", body=b"bc")


def test_a_public_key_reads_back_as_it_was():
    public = new_node_key().public_key()
    assert read_public_der(public_der(public)) == public


def test_keys_of_another_kind_or_spelling_are_refused():
    der = public_der(new_node_key().public_key())
    other = ed25519.Ed25519PrivateKey.generate().public_key()
    spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    unfit = (
        b"",
        der[:-1],
        der + b"\0",
        other.public_bytes(*spki),
        ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*spki),
    )
    for content in unfit:
        with pytest.raises(ValueError):  # noqa: PT011  cryptography's own words
            read_public_der(content)
