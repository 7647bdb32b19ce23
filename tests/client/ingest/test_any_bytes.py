"""Whatever a file holds, a parser gives entries and raises nothing."""

import io
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from write_fixtures import fixtures

from client.ingest.entry import Duplicate, Malformed, Skipped
from client.ingest.export_file import ExportFile
from client.ingest.formats import KINDS
from shared_model.listen import Listen

SEEDS = {name: content for name, content in fixtures().items() if not name.endswith(".zip")}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["", "2024-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
KEYS = sorted({key for content in SEEDS.values() for key in re.findall(r'"(\w+)":', content.decode())})


def parse_all(content: bytes) -> None:
    file = ExportFile(name="f.json", size_bytes=len(content), opened=lambda: io.BytesIO(content), listener="x")
    for kind in KINDS:
        kind.recognises(file)
        for entry in kind.parse(file):
            assert isinstance(entry, Listen | Skipped | Duplicate | Malformed)


@given(content=st.binary(max_size=2_000))
def test_any_bytes(content):
    parse_all(content)


@given(text=st.text(alphabet='[]{}",:\\0123456789.-eE \n\ttruefalsn,;', max_size=300))
def test_almost_json_and_almost_csv(text):
    parse_all(text.encode())


@given(items=st.lists(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8), max_size=4))
def test_any_values_under_the_known_keys(items):
    parse_all(json.dumps(items).encode())


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_real_file_cut_and_overwritten_anywhere(name, data):
    content = bytearray(SEEDS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=10))
    parse_all(bytes(content[: data.draw(st.integers(0, len(content)))]))
