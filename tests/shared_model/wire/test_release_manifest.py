from dataclasses import replace

import pytest

from shared_model.books.notes import sign_note
from shared_model.errors import BadInput
from shared_model.wire.release_manifest import FORMAT_VERSION, Part, ReleaseFile, ReleaseManifest, open_manifest

FILE = ReleaseFile(name="head.safetensors", sha256="ab" * 32, size_bytes=5)
MANIFEST = ReleaseManifest(format=FORMAT_VERSION, number=2, made_at_s=1_800_000_000, files=(FILE,))


def test_a_manifest_reads_back_as_it_was(signer):
    assert open_manifest(MANIFEST.signed(signer), signer.verifier) == MANIFEST


def test_a_manifest_by_another_key_is_refused(signer, other):
    with pytest.raises(BadInput, match="not signed by the given key"):
        open_manifest(MANIFEST.signed(other), signer.verifier)


def test_no_byte_of_a_manifest_can_be_changed(signer):
    note = MANIFEST.signed(signer)
    for at in range(len(note)):
        with pytest.raises(BadInput):
            open_manifest(note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :], signer.verifier)


@pytest.mark.parametrize(
    "name", ["../keys", "/etc", "a/b/c", "a/../b", "a\\b", "", ".hidden", "a\n", "x" * 65, "\u00e4"]
)
def test_a_name_that_could_be_a_path_is_no_name(name):
    with pytest.raises(ValueError, match="not a plain name"):
        replace(FILE, name=name)


@pytest.mark.parametrize(("name", "part"), [("e5/config.json", Part.OTHER), ("config.json", Part.LYRICS_ENCODER)])
def test_a_folder_is_a_lyrics_encoders_and_its_files_lie_in_one(name, part):
    with pytest.raises(ValueError, match="lie in its folder"):
        replace(FILE, name=name, part=part)


@pytest.mark.parametrize(
    "files",
    [
        (replace(FILE, part=Part.MODEL), replace(FILE, name="b", part=Part.MODEL)),
        (replace(FILE, part=Part.AUDIO_ENCODER), replace(FILE, name="b", part=Part.AUDIO_ENCODER)),
        tuple(replace(FILE, name=f"{folder}/config.json", part=Part.LYRICS_ENCODER) for folder in ("e5", "minilm")),
    ],
)
def test_a_release_has_one_of_each_part(files):
    with pytest.raises(ValueError, match="two"):
        replace(MANIFEST, files=files)


@pytest.mark.parametrize("size", [-1, 2**40 + 1])
def test_a_size_that_cannot_be_is_refused(size):
    with pytest.raises(ValueError, match="bytes"):
        replace(FILE, size_bytes=size)


@pytest.mark.parametrize("change", [{"files": (FILE, FILE)}, {"files": ()}, {"number": 0}, {"format": 1},
                                    {"files": tuple(replace(FILE, name=f"f{n}") for n in range(65))}])  # fmt: skip
def test_a_manifest_that_cannot_be_is_refused(change):
    with pytest.raises(ValueError, match=r"twice|cannot be|format"):
        replace(MANIFEST, **change)


def test_another_signed_text_is_no_manifest(signer):
    for text in ("other/releases\n{}\n", "forelle/rounds\n{}\nmore\n", "forelle/rounds\n{}\n"):
        with pytest.raises(BadInput):
            open_manifest(sign_note(text, signer), signer.verifier)
