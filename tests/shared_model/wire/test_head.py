from dataclasses import replace

import pytest

from shared_model.books.checkpoint import Checkpoint, open_checkpoint
from shared_model.books.merkle import EMPTY_ROOT, Tree, leaf_hash
from shared_model.books.notes import sign_note
from shared_model.errors import BadInput, Refused
from shared_model.wire.head import AHEAD_S, FRESH_S, Head, Latest, Seen, open_head, require_newer, signed_head

NOW_S = 1_800_000_000
NOTHING = Seen(size=0, root=EMPTY_ROOT, release=0)
LATEST = Latest(number=3, sha256="ab" * 32)


def tree(leaves: int, *, rewritten: bool = False) -> Tree:
    return Tree(leaf_hash(f"{rewritten and n == 1} {n}".encode()) for n in range(leaves))


def head(leaves: int = 5, *, release: Latest | None = LATEST, at_s: int = NOW_S, rewritten: bool = False) -> Head:
    root = tree(leaves, rewritten=rewritten).root()
    return Head(checkpoint=Checkpoint(origin="forelle/rounds", size=leaves, root=root), release=release, at_s=at_s)


@pytest.mark.parametrize("release", [LATEST, None])
def test_a_head_reads_back_as_it_was_and_is_a_checkpoint_to_other_programs(signer, release):
    note = signed_head(head(release=release), signer)
    assert open_head(note, signer.verifier) == head(release=release)
    assert open_checkpoint(note, signer.verifier) == head().checkpoint


def test_a_head_by_another_key_is_refused(signer, other):
    with pytest.raises(BadInput, match="not signed by the given key"):
        open_head(signed_head(head(), other), signer.verifier)


def test_no_byte_of_a_head_can_be_changed(signer):
    note = signed_head(head(), signer)
    for at in range(len(note)):
        changed = note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :]
        with pytest.raises(BadInput):
            open_head(changed, signer.verifier)


@pytest.mark.parametrize("end", ["", "time 5\n", "release 0 " + "ab" * 32 + "\ntime 5\n", "release none\ntime 05\n",
                                 "release none\ntime 5\nmore\n"])  # fmt: skip
def test_a_signed_checkpoint_that_is_no_head_is_refused(signer, end):
    text = signed_head(head(), signer).decode().split("release")[0] + end
    with pytest.raises(BadInput, match="without release and time"):
        open_head(sign_note(text, signer), signer.verifier)


def test_a_log_that_grew_and_a_newer_release_are_taken():
    seen = Seen(size=3, root=tree(3).root(), release=2)
    require_newer(head(5), seen, consistency=tree(5).consistency_proof(3, 5), now_s=NOW_S)
    require_newer(head(5), NOTHING, consistency=(), now_s=NOW_S)


def test_an_older_log_that_was_put_back_is_refused():
    seen = Seen(size=5, root=tree(5).root(), release=0)
    with pytest.raises(Refused, match="4 leaves, and this device saw 5: an older log was put back"):
        require_newer(head(4), seen, consistency=(), now_s=NOW_S)


@pytest.mark.parametrize("size", [3, 5])
def test_a_log_that_was_rewritten_is_refused(size):
    seen = Seen(size=3, root=tree(3).root(), release=0)
    proof = tree(size, rewritten=True).consistency_proof(3, size)
    with pytest.raises(Refused, match="the log was rewritten"):
        require_newer(head(size, rewritten=True), seen, consistency=proof, now_s=NOW_S)


@pytest.mark.parametrize("offered", [None, replace(LATEST, number=2)])
def test_an_older_release_that_was_put_back_is_refused_be_the_log_as_new_as_it_may(offered):
    with pytest.raises(Refused, match="this device has seen 3: an older one was put back"):
        require_newer(head(release=offered), replace(NOTHING, release=3), consistency=(), now_s=NOW_S)


def test_a_frozen_coordinator_is_refused_after_a_day():
    require_newer(head(), NOTHING, consistency=(), now_s=NOW_S + FRESH_S)
    with pytest.raises(Refused, match="signed 25 hours ago, and newer releases and rounds may be held back"):
        require_newer(head(), NOTHING, consistency=(), now_s=NOW_S + FRESH_S + 3600)


def test_a_head_of_the_future_is_refused():
    require_newer(head(), NOTHING, consistency=(), now_s=NOW_S - AHEAD_S)
    with pytest.raises(Refused, match="signed in the future"):
        require_newer(head(), NOTHING, consistency=(), now_s=NOW_S - AHEAD_S - 1)
