"""The newest word on a track stands, whoever says it, and by whichever name."""

import pytest
from sqlalchemy import insert

from client.consent.consents import Consents
from client.consent.purpose import Purpose
from client.feedback.record import read_feedback, record_feedback, take_back, take_back_row
from client.feedback.said import NOT_NOW_DAYS, About, Said
from client.store.tables import library_tracks, recordings
from shared_model.errors import BadInput, Refused
from shared_model.listen import identity_of

MBID = "9f9cf187-d6f9-437f-9d98-d59cdbd52757"
FORELLE = About(artist="Franz Schubert", title="Die Forelle")
BY_ID = About(recording_mbid=MBID)
DAY_S = 86_400


@pytest.fixture
def consent(history):
    Consents(history).decide(Purpose.LISTENING, granted=True, at_s=1)
    return Consents(history).listening()


@pytest.fixture
def say(history, consent):
    return lambda about, said, at_s=10: record_feedback(history, about, said, consent=consent, at_s=at_s)


def kept(history, consent):
    return [(each.said, each.about) for each in read_feedback(history, consent=consent)]


@pytest.mark.parametrize(("first", "then"), [(Said.LOVE, Said.HATE), (Said.HATE, Said.LOVE), (Said.LOVE, Said.LOVE)])
def test_love_and_hate_replace_each_other(history, consent, say, first, then):
    say(FORELLE, first)
    say(FORELLE, then, 11)
    assert kept(history, consent) == [(then, FORELLE)]


def test_not_now_stands_beside_love_and_is_said_once(history, consent, say):
    for said in (Said.LOVE, Said.NOT_NOW, Said.NOT_NOW):
        say(FORELLE, said)
    assert sorted(said for said, _ in kept(history, consent)) == [Said.LOVE, Said.NOT_NOW]


def test_case_and_quotes_make_no_other_track(history, consent, say):
    say(FORELLE, Said.LOVE)
    say(About(artist="FRANZ  SCHUBERT", title="die forelle"), Said.HATE)
    assert [said for said, _ in kept(history, consent)] == [Said.HATE]


@pytest.mark.parametrize("table", [recordings, library_tracks], ids=str)
def test_a_player_that_knows_the_id_and_a_page_that_knows_the_name_speak_of_one_track(history, consent, say, table):
    row = {"artist": FORELLE.artist, "title": FORELLE.title, "recording_mbid": MBID}
    if table is recordings:
        row["identity"] = FORELLE.identity
    else:
        row |= {"path": "/music/forelle.flac", "size_bytes": 1, "modified_ns": 1}
    with history.begin() as connection:
        connection.execute(insert(table).values(**row))
    say(BY_ID, Said.LOVE)
    say(FORELLE, Said.HATE)
    assert kept(history, consent) == [(Said.HATE, About(**{k: row[k] for k in ("artist", "title", "recording_mbid")}))]
    assert take_back(history, BY_ID) == 1
    assert kept(history, consent) == []


def test_an_id_that_nobody_here_knows_is_kept_as_it_is(history, consent, say):
    say(BY_ID, Said.HATE)
    assert kept(history, consent) == [(Said.HATE, BY_ID)]
    assert take_back(history, About(recording_mbid=MBID.replace("9", "8"))) == 0
    assert take_back(history, BY_ID) == 1


def test_taking_back_love_leaves_not_now_and_a_row_goes_by_its_id(history, consent, say):
    say(FORELLE, Said.LOVE)
    later = say(FORELLE, Said.NOT_NOW)
    assert take_back(history, FORELLE) == 1
    assert [said for said, _ in kept(history, consent)] == [Said.NOT_NOW]
    assert take_back_row(history, later.id)
    assert not take_back_row(history, later.id)


def test_the_newest_word_comes_first(history, consent, say):
    for at_s, title in ((3, "a"), (9, "b"), (5, "c")):
        say(About(artist="x", title=title), Said.LOVE, at_s)
    assert [about.title for _, about in kept(history, consent)] == ["b", "c", "a"]


def test_not_now_passes_hate_does_not_and_love_never_silences(say):
    about, ends_s = FORELLE, 100 + NOT_NOW_DAYS * DAY_S
    not_now = say(about, Said.NOT_NOW, 100)
    assert not_now.silences(100)
    assert not_now.silences(ends_s - 1)
    assert not not_now.silences(ends_s)
    assert say(about, Said.HATE, 100).silences(10 * ends_s)
    assert not say(about, Said.LOVE, 100).silences(101)


def test_without_consent_nothing_is_kept(history, consent):
    Consents(history).decide(Purpose.LISTENING, granted=False, at_s=2)
    with pytest.raises(Refused):
        record_feedback(history, FORELLE, Said.LOVE, consent=Consents(history).listening(), at_s=3)
    assert kept(history, consent) == []


@pytest.mark.parametrize("about", [{}, {"artist": "x"}, {"title": "x"}, {"artist": "", "title": "x"}])
def test_what_names_no_track_is_a_sentence(about):
    with pytest.raises(BadInput, match="it names no track"):
        About(**about)


def test_a_name_alone_is_the_recordings_own(history, consent, say):
    with history.begin() as connection:
        connection.execute(insert(recordings).values(identity=FORELLE.identity, artist="F. S.", title="F.", album="A"))
    assert FORELLE.identity == identity_of("franz schubert", "die forelle")
    say(FORELLE, Said.LOVE)
    assert len(kept(history, consent)) == 1
