import pytest

from shared_model.errors import BadInput
from simulations.pretraining.free_music.licences import licence_of
from simulations.pretraining.free_music.packages import MEASURABLE, PACKAGES, TRAINABLE, FreePackage

READABLE = FreePackage(name="a", role="training", folder="usr/share/a/music", source_folder="data/music")
PROSE = FreePackage(
    name="b", role="training", folder="usr/share/b", licence="GPL-2+", sentence="either version 2 or any later version"
)
TEXT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2001 Someone
License: GPL-2+

Files:
 data/music/slow/one.ogg
 data/music/slow/two.ogg
Copyright:
 Someone Else
License: CC-BY-SA-3.0
 the terms, with a line that ends in
 License: of no meaning

Files: data/music/last*
Copyright: nobody
License: public-domain

License: GPL-2+
 its text
"""


@pytest.mark.parametrize(
    ("path", "licence"),
    [
        ("other.ogg", "GPL-2+"),
        ("slow/two.ogg", "CC-BY-SA-3.0"),
        ("slow/three.ogg", "GPL-2+"),
        ("last/one.ogg", "public-domain"),
    ],
)
def test_the_last_paragraph_that_matches_a_file_counts(path: str, licence: str) -> None:
    assert licence_of(READABLE, TEXT, path) == licence


def test_a_file_that_no_paragraph_names_is_refused() -> None:
    with pytest.raises(BadInput, match=r"of a does not say what it said of x\.ogg; read it"):
        licence_of(READABLE, TEXT.replace("Files: *", "Files: src/*"), "x.ogg")


def test_prose_has_its_licence_only_while_its_sentence_is_there() -> None:
    assert licence_of(PROSE, "under the GPL,\n   either version 2 or\n any later version.", "x.ogg") == "GPL-2+"
    with pytest.raises(BadInput, match="does not say what it said"):
        licence_of(PROSE, "All rights reserved.", "x.ogg")


def test_no_licence_that_forbids_trade_or_change_is_ever_used() -> None:
    assert not [name for name in MEASURABLE if "NC" in name or "ND" in name]
    assert "GPL-2" not in TRAINABLE  # it cannot be combined with GPL-3


def test_packages_are_trained_on_or_held_out() -> None:
    assert len({package.name for package in PACKAGES}) == len(PACKAGES)
    assert {package.role for package in PACKAGES} == {"training", "held out"}
    assert all((package.licence is None) == (package.sentence is None) for package in PACKAGES)
