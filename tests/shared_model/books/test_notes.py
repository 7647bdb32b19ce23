import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared_model.books.notes import Signer, Verifier, open_note, sign_note
from shared_model.errors import BadInput

TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
# the example of golang.org/x/mod/sumdb/note, whose format the specification describes
PETER = Verifier.from_vkey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
SIGNED = f"{TEXT}\n— PeterNeumann {SIGNATURE}\n"


def another(name="another"):
    return Signer(name=name, private_key=Ed25519PrivateKey.generate())


def test_the_published_example_verifies():
    assert open_note(SIGNED.encode(), [PETER], what="note") == TEXT


def test_what_is_signed_reads_back(signer):
    content = sign_note(TEXT, signer)
    assert open_note(content, [signer.verifier], what="note") == TEXT
    assert content.decode().endswith("\n")


def test_keys_read_back_from_their_text_forms(signer):
    assert Verifier.from_vkey(signer.verifier.vkey) == signer.verifier
    assert Signer.from_skey(signer.skey).verifier == signer.verifier
    assert signer.skey not in repr(signer)


def test_signatures_by_others_are_ignored(signer):
    cosigned = sign_note(TEXT, signer) + another().signature_line(TEXT).encode()
    assert open_note(cosigned, [signer.verifier], what="note") == TEXT


def test_a_bad_signature_by_a_known_signer_refuses_the_note_whoever_else_signed(signer):
    witness = another("witness")
    line = witness.signature_line("something else\n")
    content = sign_note(TEXT, signer) + line.encode()
    with pytest.raises(BadInput, match="witness does not fit"):
        open_note(content, [signer.verifier, witness.verifier], what="note")


def test_a_note_that_no_known_key_signed_is_refused(signer):
    with pytest.raises(BadInput, match="not signed by the given key"):
        open_note(sign_note(TEXT, signer), [another().verifier], what="note")
    same_name = another(signer.name)
    with pytest.raises(BadInput, match="not signed by the given key"):
        open_note(sign_note(TEXT, signer), [same_name.verifier], what="note")


@given(st.data())
def test_a_changed_note_never_gives_another_text(signer, data):
    content = bytearray(sign_note(TEXT, signer))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadInput, match=r"fetch it again|do not use it"):
        open_note(bytes(content), [signer.verifier], what="note")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"text\n",
        b"text\n\n",
        b"text\n\nno dash\n",
        "text\n\n— name\n".encode(),
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— na+me AAAAAAAAAAAA\n".encode(),
        "text\n\n— name AAAAAAAAAAAA".encode(),
        "te\rxt\n\n— name AAAAAAAAAAAA\n".encode(),
        b"\xff\n\n\xff\n",
        ("text\n\n" + "— name AAAAAAAAAAAA\n" * 101).encode(),
    ],
)
def test_what_is_no_note_is_refused(content, signer):
    with pytest.raises(BadInput, match="not a signed note"):
        open_note(content, [signer.verifier], what="note")


@pytest.mark.parametrize("text", ["", "no newline", "a tab\there\n", "a return\r\n"])
def test_what_no_note_can_hold_is_not_signed(text, signer):
    with pytest.raises(ValueError, match="newline"):
        sign_note(text, signer)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000",
        "name+c74f20a3+AAAA",
        "na me+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_what_is_no_key_is_refused(vkey):
    with pytest.raises(BadInput, match="log key"):
        Verifier.from_vkey(vkey)


def test_a_private_key_is_never_shown(signer):
    with pytest.raises(BadInput) as caught:
        Signer.from_skey(signer.skey[:-8] + "AAAAAAA=")
    assert signer.skey[40:60] not in str(caught.value)
    with pytest.raises(BadInput, match="PRIVATE"):
        Signer.from_skey(signer.verifier.vkey)
