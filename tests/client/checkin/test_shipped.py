import re
from pathlib import Path

import pytest

import client.checkin
import client.commands.checkin
from client.checkin.instrument import Instrument
from client.checkin.shipped import FOLDER, LICENCES, instrument_named, may_be_shipped, shipped
from shared_model.errors import BadInput

DIAGNOSIS = re.compile(
    r"diagnos|depress|anxi|disorder|disease|illness|mentally|psychiatr|patholog|symptom|patient|screening|clinical|"
    r"sever|suicid|at risk|abnormal",
    re.IGNORECASE,
)


def test_every_shipped_file_is_under_a_listed_licence_and_names_source_and_copyright():
    files = sorted(FOLDER.iterdir())
    assert [path.stem for path in files] == ["affective_slider", "k10", "k6", "who5"]
    for path in files:
        instrument = Instrument.read(path)
        assert instrument.name == path.stem
        assert instrument.licence in LICENCES
        assert re.search(r"\b20\d\d\b", instrument.source)
        assert re.search(r"\b20\d\d\b", instrument.copyright)


@pytest.mark.parametrize("licence", ["all rights reserved", "CC-BY-ND-4.0", "kessler-2003"])
def test_an_unlisted_licence_is_refused(licence):
    changed = instrument_named("k6").model_copy(update={"licence": licence})
    with pytest.raises(BadInput, match=f"'{licence}', which is not among the licences that may be shipped"):
        may_be_shipped(changed)


def test_no_shipped_instrument_asks_about_self_harm_or_is_under_copyright_without_leave():
    assert {"phq9", "panas", "sam", "mmr"}.isdisjoint(instrument.name for instrument in shipped())


@pytest.mark.parametrize(
    ("name", "items", "scored", "days"),
    [
        ("affective_slider", 2, None, 1),  # Betella and Verschure 2016
        ("k6", 6, (0, 24), 30),  # Kessler et al. 2003
        ("k10", 10, (10, 50), 30),
        ("who5", 5, (0, 100), 14),  # WHO 2024
    ],
)
def test_items_range_and_interval_are_the_published_ones(name, items, scored, days):
    instrument = instrument_named(name)
    assert (len(instrument.items), instrument.range, instrument.interval_days) == (items, scored, days)


def test_the_k6_is_the_same_six_questions_of_the_k10():
    k6, k10 = instrument_named("k6"), instrument_named("k10")
    assert set(k6.items) <= set(k10.items)
    assert (k6.instruction, k6.scale.labels) == (k10.instruction, k10.scale.labels)


def test_no_text_of_the_programs_own_speaks_of_a_diagnosis():
    """Questions and citations are other people's words, and stay as they are."""
    ours = [*Path(client.checkin.__path__[0]).glob("*.py"), Path(client.checkin.__path__[0]) / "help.txt"]
    ours.append(Path(client.commands.checkin.__file__))
    texts = {path.name: path.read_text(encoding="utf-8") for path in ours}
    for instrument in shipped():
        shown = {"title", "period", "instruction", "higher_means"}
        texts |= {f"{instrument.name}.{name}": getattr(instrument, name) for name in shown}
        texts[f"{instrument.name}.labels"] = " ".join(instrument.scale.labels)
    assert {name: DIAGNOSIS.findall(text) for name, text in texts.items() if DIAGNOSIS.search(text)} == {}


def test_a_file_of_the_listeners_own_is_named_by_its_path(tmp_path):
    text = (FOLDER / "k6.toml").read_text(encoding="utf-8")
    own = tmp_path / "panas.toml"
    own.write_text(text.replace('name = "k6"', 'name = "panas"').replace("Kessler-2003", "licensed to me"))
    assert instrument_named(str(own)).name == "panas"


def test_an_own_file_cannot_pass_for_a_shipped_one():
    with pytest.raises(BadInput, match="the name 'k6' belongs to a shipped one"):
        instrument_named(str(FOLDER / "k6.toml"))


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(BadInput, match="choose of affective_slider, who5, k6, k10"):
        instrument_named("phq9")
