"""Debian's packages of freely licensed music, what their copyright files must say, and which are held out.

Licences are those of the music as the package's own copyright file states them; where that file cannot be read by a
machine (it is not of the format DEP-5) a sentence of it stands for the licence.
"""

from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["training", "held out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FreePackage:
    """One package of Debian, in the main archive.

    folder: where its music is installed; archive: a pk3 (zip) in `folder` that holds it, with the folder in it;
    source_folder: what the copyright file calls that folder; licence and sentence: where it is not of DEP-5;
    role: held out packages are never trained on, and prove what the encoder is worth.
    """

    name: str
    role: Role
    folder: str
    archive: tuple[str, str] | None = None
    source_folder: str = ""
    licence: str | None = None
    sentence: str | None = None


_OR_LATER: Final = "version 2 of the License, or (at your option) any later version"

PACKAGES: Final = (
    FreePackage(name="planetblupi-music-ogg", role="training", folder="usr/share/planetblupi/music"),
    FreePackage(
        name="warzone2100-music",
        role="training",
        folder="usr/share/games/warzone2100/music",
        source_folder="data/music",
    ),
    FreePackage(
        name="widelands-data",
        role="training",
        folder="usr/share/games/widelands/data/music",
        source_folder="data/music",
    ),
    FreePackage(
        name="ufoai-music",
        role="training",
        folder="usr/share/games/ufoai/base",
        archive=("0music.pk3", "music"),
        source_folder="base/music",
    ),
    FreePackage(
        name="nexuiz-music",
        role="training",
        folder="usr/share/games/nexuiz/data",
        archive=("music.pk3", "sound/cdtracks"),
        licence="GPL-2+",
        sentence=_OR_LATER,
    ),
    FreePackage(
        name="fretsonfire-songs-muldjord",
        role="training",
        folder="usr/share/games/fretsonfire/data/songs/muldjord",
        licence="CC-BY-SA-3.0",
        sentence="licenced under the terms of the Creative Commons Attribution ShareAlike licence 3.0",
    ),
    FreePackage(
        name="fretsonfire-songs-sectoid",
        role="held out",
        folder="usr/share/games/fretsonfire/data/songs/sectoid",
        licence="Expat",
        sentence="Permission is hereby granted, free of charge, to any person obtaining a copy of this software",
    ),
    FreePackage(
        name="singularity-music",
        role="held out",
        folder="usr/share/games/singularity/music",
        licence="CC-BY-SA-3.0",
        sentence="the following high-level license attributes as selected by Licensor and indicated in the title of "
        "this License: Attribution, ShareAlike",
    ),
    FreePackage(
        name="wesnoth-1.16-music",
        role="held out",
        folder="usr/share/games/wesnoth/1.16/data/core/music",
        licence="GPL-2+",
        sentence="under the terms of the GNU General Public License version 2 or at your option any later version",
    ),
    FreePackage(
        name="supertux-data",
        role="held out",
        folder="usr/share/games/supertux2/music",
        source_folder="data/music",
    ),
    FreePackage(
        name="hedgewars-data",
        role="held out",
        folder="usr/share/games/hedgewars/Data/Music",
        source_folder="share/hedgewars/Data/Music",
    ),
)

TRAINABLE: Final = frozenset({"CC-BY-3.0", "CC-BY-SA-3.0", "Expat", "GPL-2+", "GPL-3+", "public-domain"})
"""All of these may be combined in a work under GPL-3 (CC-BY-SA-3.0 by way of 4.0), so that there is one licence that
weights can be passed on under, should someone hold that they are derived from their data. GPL-2 alone cannot."""

MEASURABLE: Final = TRAINABLE | {"GPL-2"}
"""What a proof may be measured on: nothing of it is passed on."""

SHORTEST_S: Final = 30.0
"""Shorter files are jingles and effects."""
