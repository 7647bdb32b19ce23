import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from shared_model.errors import BadInput
from simulations.report.result_schema import BaselineName, Result, load_result, parse_result

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "report.md"


def field_names(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Dotted names of every field, as they stand in the file."""
    names = []
    for name, field in model.model_fields.items():
        written = prefix + (field.alias or name)
        names.append(written)
        for part in (field.annotation, *get_args(field.annotation)):
            # metrics and the quality of a round are documented once, by their own names
            if (
                isinstance(part, type)
                and issubclass(part, BaseModel)
                and part.__name__ not in ("Metrics", "RoundQuality", "GroupQuality")
            ):
                names += field_names(part, f"{written}.")
    return names


def test_every_field_of_the_schema_is_documented() -> None:
    documented = set(re.findall(r"`([\w.]+)`", DOCUMENTATION.read_text("utf-8")))
    names = field_names(Result)
    assert {"curve.noise_norm", "schema", "attention.lyrics", "models.local_only"} <= set(names)
    assert [name for name in (*names, *get_args(BaselineName)) if name not in documented] == []


def test_a_field_that_the_schema_has_not_is_not_documented() -> None:
    parts = ("dataset", "models", "privacy", "curve", "attention", "shares", "cost")
    text = DOCUMENTATION.read_text("utf-8")
    own = text[: text.index("## result.json of a quality job")]
    documented = re.findall(rf"`((?:{'|'.join(parts)})\.\w+)`", own)
    assert documented
    assert set(documented) <= set(field_names(Result))


def test_a_result_survives_the_file(content: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(content), "utf-8")
    result = load_result(path)
    assert result.hr_at_10 == content["hr_at_10"]
    assert json.loads(result.model_dump_json(by_alias=True, exclude_unset=True)) == content


def test_a_data_set_without_moods_and_content_is_a_result(content: dict[str, Any]) -> None:
    for optional in ("curve", "attention", "shares"):
        del content[optional]
    assert parse_result(content, source="x").attention is None


def change(content: Any, path: str, value: object) -> None:
    *folders, name = path.split(".")
    for folder in folders:
        content = content[int(folder) if folder.isdigit() else folder]
    content[name] = value


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("models.release_0.hr_at_10", 1.7, "models.release_0.hr_at_10"),
        ("models.release_0.gini", float("nan"), "models.release_0.gini"),
        ("epsilon_pld", float("inf"), "epsilon_pld"),
        ("epsilon_pld", -0.1, "epsilon_pld"),
        ("epsilon_pld", None, "epsilon_reason"),
        ("delta", 0.0, "delta"),
        ("hr_at_10", 0.5, "hr_at_10 is not that of models.federated_private"),
        ("privacy.unit", "listen", "privacy.unit"),
        ("privacy.mechanism", "off", "epsilon_pld must be null"),
        ("curve.3.round", 2, "each round once"),
        ("attention.lyrics", [[0.5, 0.5]], "lyrics must have one row for each group"),
        ("shares.weights", [[1.0]], "weights must have one row"),
        ("disclosure", [], "disclosure"),
        ("baselines.magic", {}, "baselines.magic"),
        ("surprise", 1, "surprise"),
        ("schema", 2, "schema 2, this version reads 1"),
    ],
)
def test_a_broken_result_is_refused_by_name(content: dict[str, Any], path: str, value: object, named: str) -> None:
    change(content, path, value)
    with pytest.raises(BadInput, match=re.escape(named)) as refusal:
        parse_result(content, source="out/q/result.json")
    assert str(refusal.value).startswith("out/q/result.json: ")
    assert "\n" not in str(refusal.value)


def test_a_number_that_json_does_not_know_is_refused(content: dict[str, Any]) -> None:
    content["seed"] = {1, 2}
    with pytest.raises(BadInput, match="only JSON values"):
        parse_result(content, source="x")


def test_a_truncated_file_is_refused(content: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(content)[:500], "utf-8")
    with pytest.raises(BadInput, match="no valid JSON"):
        load_result(path)


@pytest.mark.parametrize(("text", "reason"), [("[]", "no JSON object"), ("\xff", "no valid JSON")])
def test_a_file_of_another_kind_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=reason):
        load_result(path)


def test_a_folder_without_a_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_result(tmp_path / "result.json")
