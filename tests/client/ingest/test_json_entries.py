import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.ingest import json_entries as module
from client.ingest.export_file import ExportFile, Unreadable
from client.ingest.json_entries import json_entries

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def file_of(content: bytes) -> ExportFile:
    return ExportFile(name="f.json", size_bytes=len(content), opened=lambda: io.BytesIO(content))


def read(content: bytes, into: frozenset[str] = frozenset()) -> tuple[list[object], str | None]:
    found: list[object] = []
    try:
        for _, item in json_entries(file_of(content), into=into):
            found.append(item)
    except Unreadable as error:
        return found, str(error)
    return found, None


@given(items=st.lists(JSON, max_size=8), chunk=st.integers(1, 9), indent=st.sampled_from([None, 1]))
def test_any_array_is_read_as_the_standard_library_does_at_any_window(items, chunk, indent):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", chunk)
        assert read(json.dumps(items, indent=indent).encode()) == (items, None)


@given(items=st.lists(JSON.filter(lambda item: not isinstance(item, list)), max_size=6), chunk=st.integers(1, 9))
def test_items_are_found_under_keys_at_any_window(items, chunk):
    pages = [{"@attr": {"page": 1}, "track": items}, {"track": []}, {"other": 1}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", chunk)
        assert read(json.dumps(pages).encode(), frozenset({"track"})) == (
            [*items, {"other": 1}],
            None,
        )


@given(items=st.lists(st.dictionaries(st.text(), st.integers(), max_size=3), min_size=1, max_size=6), data=st.data())
def test_of_a_truncated_file_the_entries_before_the_cut_are_read(items, data):
    whole = json.dumps(items).encode()
    found, why = read(whole[: data.draw(st.integers(1, len(whole) - 1))])
    assert why == "stops being JSON"
    assert found == items[: len(found)]


@pytest.mark.parametrize(
    ("content", "found", "why"),
    [
        (b"", [], "is empty"),
        (b" \n", [], "is empty"),
        (b"[1, 2} 3]", [1, 2], "stops being JSON"),
        (b"[1 2]", [1], "stops being JSON"),
        (b"[1][2]", [1], "goes on behind the end of its JSON"),
        (b'{"a": 1}', [{"a": 1}], None),
        (b"\xef\xbb\xbf[1]", [1], None),
        ("[1]".encode("utf-16"), [1], None),
        (b"[" * 100_000, [], "stops being JSON"),
        (b"[1, " + b"9" * 5000 + b"]", [1], "stops being JSON"),
    ],
)
def test_what_is_no_json_ends_the_file_where_it_begins(content, found, why):
    assert read(content) == (found, why)


def test_nesting_is_bounded_under_keys_too():
    found, why = read(b'{"track":' * 50_000, frozenset({"track"}))
    assert (found, why) == ([], "stops being JSON")


def test_an_entry_is_bounded():
    found, why = read(b'[1, "' + b"x" * 3_000_000 + b'"]')
    assert found == [1]
    assert "1,048,576 characters" in why
    members = b",".join(b'"%d": "%s"' % (place, b"x" * 90_000) for place in range(20))
    found, why = read(b"[{" + members + b"}]", frozenset({"track"}))
    assert found == []
    assert "1,048,576 characters" in why
