from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from client.music_library.match import Matcher

ONE, TWO = ("b1a9c0e9-d987-4042-ae91-78d6a3267d69", "c1a9c0e9-d987-4042-ae91-78d6a3267d69")


@dataclass(frozen=True)
class Track:
    artist: str
    title: str
    recording_mbid: str | None = None
    isrc: str | None = None


def matcher(*tracks: Track) -> Matcher:
    found = Matcher()
    for place, track in enumerate(tracks):
        found.add(track, place)
    return found


def test_a_track_is_found_by_its_mbid_then_its_isrc_then_its_names() -> None:
    found = matcher(
        Track("Clerks", "Kettle", recording_mbid=ONE),
        Track("Clerks", "Kettle (live)", isrc="DEA123456789"),
        Track("Clerks", "“Grey”  Windows"),
        Track("Clerks", "Kettle"),
    )
    assert found.place_of(Track("other", "names", ONE.upper(), "DEA123456789")) == 0
    assert found.place_of(Track("Clerks", "Kettle", TWO, "de-a12-34-56789")) == 1
    assert found.place_of(Track("CLERKS", '"Grey" windows')) == 2
    assert found.place_of(Track("Clerks", "Kettle")) == 0
    assert found.place_of(Track("Clerks", "Unowned", isrc="no isrc")) is None


def test_what_is_no_id_tells_nothing() -> None:
    found = matcher(Track("Clerks", "Kettle", recording_mbid="unknown", isrc=""))
    assert found.place_of(Track("Someone", "Else", recording_mbid="unknown", isrc="")) is None


def test_where_nothing_was_added_nothing_is_found() -> None:
    assert Matcher().place_of(Track("Clerks", "Kettle", ONE)) is None


NAMES, MBIDS, ISRCS = (
    st.sampled_from(["a", "b", "A "]),
    st.sampled_from([None, ONE, TWO]),
    st.sampled_from([None, "DEA123456789", "DEA123456780"]),
)
TRACKS = st.builds(Track, artist=NAMES, title=NAMES, recording_mbid=MBIDS, isrc=ISRCS)


@given(st.lists(TRACKS, max_size=6), TRACKS)
def test_it_is_the_first_track_of_the_strongest_agreement(tracks: list[Track], wanted: Track) -> None:
    def alike(track: Track) -> list[bool]:
        same_names = (track.artist.strip().lower(), track.title.strip().lower()) == (
            wanted.artist.strip().lower(),
            wanted.title.strip().lower(),
        )
        return [
            wanted.recording_mbid is not None and track.recording_mbid == wanted.recording_mbid,
            wanted.isrc is not None and track.isrc == wanted.isrc,
            same_names,
        ]

    agreeing = [(alike(track).index(True), place) for place, track in enumerate(tracks) if any(alike(track))]
    assert matcher(*tracks).place_of(wanted) == (min(agreeing)[1] if agreeing else None)
