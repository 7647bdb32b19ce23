import pytest

from shared_model.books.checkpoint import Checkpoint, open_checkpoint
from shared_model.books.merkle import EMPTY_ROOT
from shared_model.books.notes import sign_note
from shared_model.errors import BadInput

ROOT = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_a_checkpoint_is_origin_size_and_root(signer):
    checkpoint = Checkpoint(origin=signer.name, size=0, root=EMPTY_ROOT)
    content = checkpoint.signed(signer)
    assert content.decode().startswith(f"{signer.name}\n0\n{ROOT}\n\n— {signer.name} ")
    assert open_checkpoint(content, signer.verifier) == checkpoint


def test_extension_lines_are_not_read(signer):
    content = sign_note(f"{signer.name}\n7\n{ROOT}\nan extension\n", signer)
    assert open_checkpoint(content, signer.verifier).size == 7


@pytest.mark.parametrize(
    "text",
    [
        "another.org/log\n7\n" + ROOT + "\n",
        "example.org/log\n07\n" + ROOT + "\n",
        "example.org/log\n-1\n" + ROOT + "\n",
        "example.org/log\n٧\n" + ROOT + "\n",
        "example.org/log\n7\n" + ROOT[4:] + "\n",
        "example.org/log\n7\nnot base64!\n",
        "example.org/log\n7\n",
        "example.org/log\n",
        "example.org/log\n7\n" + ROOT + "\n\nempty extension\n",
    ],
)
def test_what_is_signed_but_no_checkpoint_of_this_log_is_refused(text, signer):
    with pytest.raises(BadInput, match="not a checkpoint"):
        open_checkpoint(sign_note(text, signer), signer.verifier)


def test_a_log_signs_under_its_own_name(signer):
    with pytest.raises(ValueError, match="origin"):
        Checkpoint(origin="another.org/log", size=0, root=EMPTY_ROOT).signed(signer)
