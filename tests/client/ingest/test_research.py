import pytest
from write_fixtures import MARK

from client.ingest.entry import Reason, Skipped
from client.ingest.formats import FormatName
from shared_model.errors import BadInput
from shared_model.listen import Listen

MBID = "8a2b1c3d-0000-4000-8000-00000000abcd"
LINE = f"user_1\t2009-05-04T23:08:57Z\t\tHugo Wolf\t{MBID}\tEr ist's\n"


def test_a_line_is_a_play_with_its_recording(parse):
    assert parse(LINE.encode(), "one.tsv", FormatName.RESEARCH) == [
        Listen(started_at_s=1_241_478_537, artist="Hugo Wolf", title="Er ist's", recording_mbid=MBID)
    ]


def test_a_file_of_several_listeners_is_refused_before_anything_is_stored(run, stored, fixtures):
    with pytest.raises(BadInput, match="several listeners; say with --user whose are yours"):
        run(fixtures / "research/two-listeners.tsv")
    assert stored() == []


def test_with_a_listener_chosen_the_others_plays_are_skipped(run, stored, fixtures):
    counts = run(fixtures / "research/two-listeners.tsv", listener=f"user_1_{MARK}").counts
    assert (counts.imported, counts.malformed, counts.skipped) == (20, 2, {"other listener": 12})
    assert len(stored()) == 20


def test_quotes_in_names_are_only_quotes(parse):
    [listen] = parse(LINE.replace("Er ist's", 'Der "Traum').encode(), "one.tsv", FormatName.RESEARCH)
    assert listen.title == 'Der "Traum'


def test_a_bad_line_costs_only_itself(parse):
    content = LINE + "user_1\tnever\t\ta\t\tb\n" + "user_1\t\n" + LINE
    found = parse(content.encode(), "one.tsv", FormatName.RESEARCH)
    assert [str(entry) for entry in found[1:3]] == [
        "line 2 of one.tsv has no time in 'start'",
        "line 3 of one.tsv does not have 6 cells",
    ]
    assert Skipped(Reason.OTHER_LISTENER) not in found
