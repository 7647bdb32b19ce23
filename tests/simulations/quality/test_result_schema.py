import json
import re
from pathlib import Path

import pytest

from shared_model.errors import BadInput
from simulations.quality.result_schema import QualityResult, is_quality, load_quality, parse_quality
from simulations.report.result_schema import parse_result

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "report.md"
BLOCKS = {
    "dataset": "QualityDataset",
    "groups": "GroupRow",
    "cold_tracks": "ColdTrackRow",
    "cold_listeners": "ColdListenerRow",
}


@pytest.fixture
def content(half):
    return json.loads((half.folder / "result.json").read_bytes())


def field_names(content):
    """Dotted names as they stand in the file; metrics are documented once, by their own names."""
    names = list(content)
    for block in BLOCKS:
        part = content[block]
        names += [f"{block}.{name}" for name in (part[0] if isinstance(part, list) else part)]
    return names


def test_every_field_is_documented_and_no_other_of_its_blocks(content):
    text = DOCUMENTATION.read_text("utf-8")
    section = text[text.index("## result.json of a quality job") :]
    documented = set(re.findall(r"`([\w.]+)`", text))
    names = set(field_names(content))
    assert {"schema", "groups.division", "dataset.central", "cold_tracks.unseen_new", "hr_at_10_low"} <= names
    assert names <= documented
    parts = "|".join(BLOCKS)
    own = set(re.findall(rf"`((?:{parts})\.\w+)`", section))
    assert own
    assert own <= names


def test_a_result_survives_the_file(half, content):
    result = load_quality(half.folder / "result.json")
    assert result == half.result
    assert json.loads(result.model_dump_json(by_alias=True)) == content
    assert set(QualityResult.model_fields) - {"schema_version"} == set(content) - {"schema"}


def test_the_two_kinds_are_told_apart(content):
    assert is_quality(content)
    assert not is_quality({"schema": 1})
    with pytest.raises(BadInput, match="x: "):
        parse_result(content, source="x")


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("hr_at_10", 1.7, "hr_at_10"),
        ("groups.0.model.mrr_at_20", float("nan"), "groups.0.model.mrr_at_20"),
        ("per_seed.0.seed", 9, "per_seed must hold each of seeds once"),
        ("deviation", None, "deviation must be null for one seed"),
        ("baselines", {}, "beside is baselines, which hold no blend"),
        ("shares.own_counts", -0.1, "shares.own_counts"),
        ("disclosure", [], "disclosure"),
        ("surprise", 1, "surprise"),
        ("kind", "federated", "kind"),
        ("schema", 2, "schema 2, this version reads 1"),
    ],
)
def test_a_broken_result_is_refused_by_name(content, path, value, named):
    *folders, name = path.split(".")
    place = content
    for folder in folders:
        place = place[int(folder) if folder.isdigit() else folder]
    place[name] = value
    with pytest.raises(BadInput, match=re.escape(named)) as refusal:
        parse_quality(content, source="out/q/result.json")
    assert str(refusal.value).startswith("out/q/result.json: ")
    assert "\n" not in str(refusal.value)
