from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.catalogue import UNKNOWN, Modality
from shared_model.encoders.centring import centre
from shared_model.errors import BadInput
from shared_model.head.explain import path_shares
from shared_model.history import History
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.memory.recollection import recollect
from shared_model.release_0.collection import NOTHING, DeviceTracks, DeviceVectors, collect
from shared_model.release_0.release import Release0
from shared_model.release_0.release_file import read_release_0, write_release_0

Made = Callable[..., Release0]
NONE = np.empty(0, np.int64)


def further(count: int, seed: int = 0, *, sizes: dict[str, int] | None = None) -> DeviceTracks:
    draw = np.random.default_rng(seed)
    vectors = {
        name: DeviceVectors(
            raw=Modality(vectors=draw.normal(size=(count, size)).astype(np.float32), present=draw.random(count) < 0.6),
            encoder=f"{name} 1",
        )
        for name, size in ({"lyrics": 7, "audio": 3} if sizes is None else sizes).items()
    }
    names = np.array([None, "Artist 2", "ARTIST  4", "nobody's", "Nobody's"], object)
    return DeviceTracks(
        ids=[f"own {number}" for number in range(count)],
        artists=list(names[draw.integers(5, size=count)]),
        albums=list(np.array([None, "Album 3", "Live"], object)[draw.integers(3, size=count)]),
        vectors=vectors,
    )


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 12), half=st.booleans())
def test_a_device_s_tracks_stand_beside_the_release_s_as_if_nobody_had_played_them(
    tmp_path_factory: pytest.TempPathFactory, made: Made, seed: int, count: int, half: bool
) -> None:
    """Oracle: statistics counted anew over the longer catalogue, and evidence read from both."""
    draw, path = np.random.default_rng(seed), tmp_path_factory.mktemp("release") / "r.safetensors"
    release = made(seed)
    listening = [np.random.default_rng(seed + 1).integers(20, size=25)]
    catalogue = collect(release).catalogue
    release = replace(release, statistics=fit_public_statistics(listening, catalogue))
    write_release_0(release, path, half=half)
    own = further(count, seed)
    found = collect(read_release_0(path), own)
    assert list(found.catalogue.track_ids) == [*release.tracks.ids, *own.ids]
    anew = fit_public_statistics(listening, found.catalogue)
    for name in ("follows", "precedes"):
        for one, other in zip(getattr(found.paths.statistics, name), getattr(anew, name), strict=True):
            np.testing.assert_array_equal(one.toarray(), other.toarray())
    for name in ("after_pair", "artist_follows", "artist_precedes"):
        one, other = getattr(found.paths.statistics, name), getattr(anew, name)
        np.testing.assert_array_equal(one.toarray(), other.toarray())
    for name in ("pair_keys", "plays", "artist_plays"):
        np.testing.assert_array_equal(getattr(found.paths.statistics, name), getattr(anew, name))
    history = History(listener="me", tracks=draw.integers(20 + count, size=9))
    one, other = (
        recollect(history, paths=paths, counted=NONE).moment(history, now_s=0, shortlist=9)
        for paths in (found.paths, replace(found.paths, statistics=anew))
    )
    np.testing.assert_array_equal(one.candidates, other.candidates)
    np.testing.assert_array_equal(one.read(one.candidates), other.read(one.candidates))


def test_vectors_are_centred_as_the_release_s_are_and_shared_by_all_that_read_them(made: Made) -> None:
    release, own = made(), further(6)
    found = collect(release, own)
    for place, (name, released) in enumerate(release.modalities.items()):
        rows = found.rows[place]
        vectors = rows.vectors.rows(np.arange(26))
        np.testing.assert_allclose(vectors[:20], released.vectors, rtol=2**-8)
        expected = centre(own.vectors[name].raw, released.mean)
        np.testing.assert_allclose(vectors[20:], expected.vectors, rtol=2**-8)
        np.testing.assert_array_equal(rows.present[20:], expected.present)
        assert rows.vectors is found.paths.retrieval.directions[place]


def test_half_precision_is_scaled_back_to_unit_length(made: Made, tmp_path: Path) -> None:
    write_release_0(made(), tmp_path / "r", half=True)
    for rows in collect(read_release_0(tmp_path / "r")).rows:
        lengths = np.linalg.norm(rows.vectors.rows(np.arange(20)), axis=1)
        np.testing.assert_allclose(lengths, rows.present, atol=2**-8)


def test_artists_and_albums_are_known_by_their_names(made: Made) -> None:
    release = made()
    tracks, size = release.tracks, 20
    known = int(np.flatnonzero((tracks.artist == 2) & (tracks.album != UNKNOWN))[0])
    album = tracks.album_names[int(tracks.album[known])]
    own = DeviceTracks(
        ids=list("abcdef"),
        artists=["Artist 2", " ARTIST  2", "someone", "Someone", None, "someone"],
        albums=[album, album.upper(), album, "Live", None, "live"],
        vectors={},
    )
    catalogue = collect(release, own).catalogue
    artist, label = catalogue.artist[size:].tolist(), catalogue.album[size:].tolist()
    assert artist[:2] == [2, 2]
    assert artist[2] == artist[3] == artist[5] == len(tracks.artist_names)
    assert (artist[4], label[4]) == (UNKNOWN, UNKNOWN)
    assert label[:2] == [tracks.album[known]] * 2
    assert label[2] not in tracks.album  # of the same name, by another artist
    assert label[3] == label[5] != label[2]


def test_what_was_not_encoded_is_missing(made: Made) -> None:
    found = collect(made(), further(3, sizes={"audio": 3}))
    lyrics = list(made().modalities).index("lyrics")
    assert not found.rows[lyrics].present[20:].any()
    assert len(collect(made(), NOTHING).catalogue) == 20


def test_what_cannot_be_compared_is_refused(made: Made) -> None:
    own = further(2)
    lyrics = own.vectors["lyrics"]
    for changed, problem in (
        (replace(own, ids=["3", "x"]), "leave them out"),
        (replace(own, vectors={"lyrics": replace(lyrics, encoder="lyrics 2")}), "encode it anew"),
        (replace(own, vectors={"tags": lyrics}), "leave tags out"),
        (further(2, sizes={"lyrics": 8}), "8 numbers a track"),
    ):
        with pytest.raises(BadInput, match=problem):
            collect(made(), changed)
    with pytest.raises(BadInput, match="an id comes twice"):
        replace(own, ids=["x", "x"])
    with pytest.raises(BadInput, match="not of the same tracks"):
        replace(own, albums=[None])


def test_a_device_recommends_among_its_own_tracks_and_says_why(made: Made, tmp_path: Path) -> None:
    """The same as asked of the head alone, and again after the file's memory was let go."""
    write_release_0(made(), tmp_path / "r", half=True)
    found = collect(read_release_0(tmp_path / "r"), further(5))
    history = History(listener="me", tracks=np.array([3, 21, 4, 22]))
    past = found.recollect(history)
    assert found.recollect(history, earlier=past).around is past.around
    own = np.arange(25) >= 20
    moments = past.moment(history, now_s=0, shortlist=4, among=own)
    assert set(moments.candidates[0].tolist()) <= set(range(20, 25))
    scored = found.score(moments)
    evidence = moments.read(moments.candidates)
    again = found.release.head.score(moments.situation, moments.candidates, evidence, found.rows)
    for one, other in zip(scored, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert path_shares(scored.contributions, scored.logits.argmax(1)).shape == (1, len(found.release.head.shape.paths))
