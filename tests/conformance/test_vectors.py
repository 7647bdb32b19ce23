"""Reads the vectors as a client in another language would: with hashlib, hmac and json, without our own encoders."""

import base64
import hashlib
import hmac
import json
import runpy
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

HERE = Path(__file__).parent
WRITER = runpy.run_path(str(HERE / "write_vectors.py"))


def vectors(name):
    return json.loads((HERE / "vectors" / f"{name}.json").read_text(encoding="utf-8"))


def canonical(value):
    """Canonical JSON, from its description in docs/books.md."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    assert not isinstance(value, float)
    return json.dumps(value, ensure_ascii=False)


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while 2 * split < len(hashes):
        split *= 2
    return node(root_of(hashes[:split]), root_of(hashes[split:]))


def up(index, size, leaf, proof):
    """The root that an inclusion proof leads to, by the halves of the tree."""
    if size == 1:
        assert not proof
        return leaf
    split = 1
    while 2 * split < size:
        split *= 2
    if index < split:
        return node(up(index, split, leaf, proof[:-1]), proof[-1])
    return node(proof[-1], up(index - split, size - split, leaf, proof[:-1]))


# a manifest holds every field of the plan, so that its vector stays what it was when a field is added
@pytest.mark.parametrize("name", [name for name in WRITER["VECTORS"] if name != "manifest"])
def test_the_files_are_what_the_script_writes(name):
    assert (HERE / "vectors" / f"{name}.json").read_text(encoding="utf-8") == WRITER["content"](name)


def test_canonical_json_has_the_spelling_that_is_hashed():
    for pair in vectors("canonical_json")["pairs"]:
        assert hashlib.sha256(canonical(pair["value"]).encode()).hexdigest() == pair["sha256"]


def test_leaves_are_the_canonical_json_of_their_fields_and_make_the_roots():
    log = vectors("round_log")
    hashes = []
    for leaf in log["leaves"]:
        assert canonical(leaf["value"]) == leaf["text"]
        hashes.append(hashlib.sha256(b"\x00" + leaf["text"].encode()).digest())
        assert hashes[-1].hex() == leaf["hash"]
    assert [root_of(hashes[:size]).hex() for size in range(len(hashes) + 1)] == log["roots"]


def test_an_evaluation_share_is_named_where_there_is_one_and_nowhere_else():
    log = vectors("round_log")
    secure = log["leaf_of_a_secure_round"]
    assert canonical(secure["value"]) == secure["text"]
    assert hashlib.sha256(b"\x00" + secure["text"].encode()).hexdigest() == secure["hash"]
    assert secure["value"]["evaluation_share"] == "0.2"
    assert not any("evaluation_share" in leaf["value"] for leaf in log["leaves"])


def test_inclusion_proofs_lead_from_leaf_to_root():
    log = vectors("round_log")
    for each in log["inclusion"]:
        leaf = bytes.fromhex(log["leaves"][each["index"]]["hash"])
        proof = [bytes.fromhex(step) for step in each["proof"]]
        assert up(each["index"], each["size"], leaf, proof).hex() == log["roots"][each["size"]]


def test_consistency_proofs_hold_the_roots_of_the_subtrees_that_the_definition_names():
    log = vectors("round_log")
    hashes = [bytes.fromhex(leaf["hash"]) for leaf in log["leaves"]]

    def subproof(m, some, whole):
        if m == len(some):
            return [] if whole else [root_of(some)]
        split = 1
        while 2 * split < len(some):
            split *= 2
        if m <= split:
            return [*subproof(m, some[:split], whole), root_of(some[split:])]
        return [*subproof(m - split, some[split:], False), root_of(some[:split])]

    for each in log["consistency"]:
        expected = subproof(each["old_size"], hashes[: each["size"]], True) if each["old_size"] else []
        assert each["proof"] == [step.hex() for step in expected]


def test_the_checkpoint_is_a_signed_note_of_size_and_root():
    log = vectors("round_log")
    name, key_hash, encoded = log["vkey"].split("+", 2)
    key = base64.b64decode(encoded)
    assert hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] == key_hash
    text, _, signature_line = log["checkpoint"].partition("\n\n")
    dash, signer, signature = signature_line.split()
    assert (dash, signer) == ("—", name)
    raw = base64.b64decode(signature)
    assert raw[:4].hex() == key_hash
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[4:], f"{text}\n".encode())
    origin, size, root = text.split("\n")
    assert (origin, int(size)) == (name, len(log["leaves"]))
    assert base64.b64decode(root).hex() == log["roots"][-1]


def test_ledger_rows_are_chained_and_authenticated():
    ledger = vectors("ledger")
    key, context, previous = bytes.fromhex(ledger["key"]), ledger["mac_context"].encode(), "0" * 64
    inverse_squares = 0.0
    for number, line in enumerate(ledger["rows"], 1):
        row = json.loads(line)
        assert canonical(row) == line
        mac = row.pop("mac")
        assert hmac.new(key, context + canonical(row).encode(), "sha256").hexdigest() == mac
        assert (row["number"], row["previous"], row["format"]) == (number, previous, 1)
        previous = hashlib.sha256(line.encode()).hexdigest()
        rounds = row["entry"].get("assumed", [row["entry"]] if row["entry"]["kind"] == "debit" else [])
        inverse_squares += sum(float(each["noise_multiplier"]) ** -2 for each in rounds)
    assert ledger["mirror"] == {"counter": len(ledger["rows"]), "head": previous}
    assert inverse_squares**0.5 == pytest.approx(float(ledger["device_mu"]), rel=1e-15)
    assert {json.loads(line)["entry"]["kind"] for line in ledger["rows"]} == {
        "opened",
        "joined",
        "debit",
        "checkpoint",
        "restored",
    }


def test_a_manifest_is_signed_as_canonical_json():
    manifest = vectors("manifest")
    assert canonical(json.loads(manifest["text"])) == manifest["text"]
    signed = manifest["signature_context"].encode() + manifest["text"].encode()
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(manifest["public_key"]))
    key.verify(bytes.fromhex(manifest["signature"]), signed)


def chacha20(key, size):
    """RFC 8439, section 2.4, with a nonce of zeros and the counter from 0, as it is written there."""

    def quarter(state, a, b, c, d):
        for first, second, third, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[first] = (state[first] + state[second]) % 2**32
            mixed = state[third] ^ state[first]
            state[third] = (mixed << turn | mixed >> (32 - turn)) % 2**32

    constants = [int.from_bytes(b"expand 32-byte k"[i : i + 4], "little") for i in range(0, 16, 4)]
    words = [int.from_bytes(key[i : i + 4], "little") for i in range(0, 32, 4)]
    stream = b""
    for counter in range(-(-size // 64)):
        start = [*constants, *words, counter, 0, 0, 0]
        state = list(start)
        for _ in range(10):
            for column in range(4):
                quarter(state, column, column + 4, column + 8, column + 12)
            for column in range(4):
                quarter(state, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4)
        stream += b"".join(((x + y) % 2**32).to_bytes(4, "little") for x, y in zip(state, start, strict=True))
    return stream[:size]


def hkdf(secret, *, salt, info):
    """RFC 5869 for one block."""
    extracted = hmac.digest(salt, secret, "sha256")
    return hmac.digest(extracted, info + b"\1", "sha256")


def test_masks_and_seals_of_secure_aggregation():
    held = vectors("masks")
    terms_digest = hashlib.sha256(held["terms"].encode()).digest()
    assert terms_digest.hex() == held["terms_digest"]
    assert canonical(json.loads(held["terms"])) == held["terms"]
    roster = bytes.fromhex(held["roster"])
    steps = bytes((4, 3)) + bytes((0x80 | 293 & 0x7F, 293 >> 7))  # 4, 7, 300
    assert roster == b"".join(n.to_bytes(2) for n in (3, 2, 2)) + steps
    digest = hashlib.sha256(held["roster_context"].encode() + terms_digest + roster).digest()
    assert digest.hex() == held["roster_digest"]
    own = X25519PrivateKey.from_private_bytes(bytes.fromhex(held["own_private"]))
    secret = own.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(held["other_public"])))

    def key(purpose, pair):
        info = held["key_context"].encode() + purpose + b"\0" + b"".join(each.to_bytes(4) for each in pair)
        return hkdf(secret, salt=digest, info=info)

    seed = key(b"mask", sorted(held["pair"]))
    assert seed.hex() == held["mask_seed"]
    for masked in held["masks"]:
        bits, word = masked["modulus_bits"], 4 if masked["modulus_bits"] <= 32 else 8
        stream = chacha20(seed, 5 * word)
        numbers = [int.from_bytes(stream[i : i + word], "little") % 2**bits for i in range(0, 5 * word, word)]
        assert numbers == masked["mask"]
        packed = sum(number << bits * place for place, number in enumerate(numbers))
        assert packed.to_bytes(-(-5 * bits // 8), "little").hex() == masked["packed"]
    about = digest + b"".join(each.to_bytes(4) for each in held["pair"])
    opened = ChaCha20Poly1305(key(b"seal", held["pair"])).decrypt(bytes(12), bytes.fromhex(held["sealed"]), about)
    assert opened.hex() == "".join(held["shares"])
    assert held["share_of_secret"] == "00" + held["secret"]
    assert int(held["prime"]) == 2**256 + 297


def test_one_proof_of_several_registered_nodes_leads_to_the_root():
    registry = vectors("masks")["registry"]
    prints = {int(position): bytes.fromhex(each) for position, each in registry["prints"].items()}
    left = [bytes.fromhex(each) for each in registry["proof"]]

    def subtree(low, high):
        if not any(low <= position < high for position in prints):
            return left.pop(0)
        if high - low == 1:
            return hashlib.sha256(b"\x00" + prints[low]).digest()
        split = 1
        while 2 * split < high - low:
            split *= 2
        return hashlib.sha256(b"\x01" + subtree(low, low + split) + subtree(low + split, high)).digest()

    assert subtree(0, registry["size"]).hex() == registry["root"]
    assert left == []
