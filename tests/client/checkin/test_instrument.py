import tomllib
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from client.checkin.instrument import Instrument
from client.checkin.shipped import FOLDER
from shared_model.errors import BadInput


def written(folder: Path, **changes: object) -> Path:
    content = tomllib.loads((FOLDER / "k6.toml").read_text(encoding="utf-8")) | changes
    path = folder / "own.toml"
    path.write_text(tomli_w.dumps({name: value for name, value in content.items() if value is not None}))
    return path


def test_a_file_of_the_listeners_own_is_read_whatever_its_licence(tmp_path):
    own = Instrument.read(written(tmp_path, name="panas", licence="all rights reserved, bought in 2026"))
    assert own.name == "panas"
    assert len(own.items) == 6


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"source": None}, "source: Field required"),
        ({"licence": ""}, "licence: "),
        ({"copyright": None}, "copyright: Field required"),
        ({"surprise": 1}, "surprise: Extra inputs"),
        ({"scoring": "median"}, "scoring: "),
        ({"range": [0, 30]}, r"range is \(0.0, 30.0\), but items, scale and scoring give \(0.0, 24.0\)"),
        ({"range": None}, "range is None"),
        ({"items": []}, "items: "),
        ({"items": [{"id": "a", "text": "?"}] * 6}, "two items have the same id"),
        ({"scale": {"minimum": 0, "maximum": 4, "step": 1, "labels": ["no", "yes"]}}, "5 values and 2 labels"),
        ({"scale": {"minimum": 4, "maximum": 0, "step": 1}}, "minimum must be below"),
        ({"help": {"at": 25, "source": "?"}}, "no score of this instrument"),
        ({"higher_is": "neither"}, "help needs higher_is"),
        ({"interval_days": 0}, "interval_days: "),
        ({"interval_days": float("inf")}, "interval_days: "),
    ],
)
def test_a_file_that_does_not_hang_together_is_a_sentence(tmp_path, changes, fault):
    with pytest.raises(BadInput, match=fault) as caught:
        Instrument.read(written(tmp_path, **changes))
    assert "own.toml" in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"name = ", None])
def test_what_is_no_toml_is_a_sentence(tmp_path, content):
    path = tmp_path / "x.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match="cannot be read as TOML"):
        Instrument.read(path)


@given(st.floats())
def test_a_scale_with_steps_allows_its_steps_and_nothing_else(value):
    scale = Instrument.read(FOLDER / "k6.toml").scale
    assert scale.allows(value) == (value in {0, 1, 2, 3, 4})


@given(st.floats())
def test_a_slider_allows_every_number_between_its_ends(value):
    scale = Instrument.read(FOLDER / "affective_slider.toml").scale
    assert scale.allows(value) == (0 <= value <= 1)
