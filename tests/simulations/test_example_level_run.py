"""From a scenario with example-level training to its report: refusals, fields, and words."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from shared_model.errors import BadInput
from simulations.engines.by_name import ENGINES
from simulations.experiment import example_level_of
from simulations.report.privacy_words import explanation
from simulations.report.result_schema import Result, load_result, parse_result, read_content
from simulations.report.tables import plan as plan_table
from simulations.run import Job, run
from simulations.run_folder import RunFolder
from simulations.scenario import Scenario, Variant, read_scenario
from simulations.stages import Stages
from simulations.variants import settings_of

ON = "privacy.example_level={}"
SMALL = (
    "rounds=2",
    "cohort=4",
    "simulated_listeners.public=8",
    "simulated_listeners.private=10",
    "simulated_listeners.mean_plays=45",
    "training.examples=8",
    "training.candidates=8",
    "pretraining.candidates=8",
    "evaluation.resamples=20",
    "dataset.max_targets=20",
    "privacy.example_level.batch_size=4",
)


def scenario(*settings: str) -> Scenario:
    found = read_scenario("quick", settings)
    assert isinstance(found, Scenario)
    return found


def job(of: Scenario, engine: str = "in-process") -> Job:
    return Job(scenario=of, name="quick", variant=None, data=None, engine_name=engine, engine=ENGINES[engine])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs") / "small"
    run(job(scenario(*SMALL)), RunFolder(root), stages=Stages(Console(quiet=True)))
    return root


@pytest.fixture
def content(folder: Path) -> dict[str, Any]:
    return read_content(folder / "result.json")


def test_the_report_has_the_number_under_its_own_unit(folder: Path) -> None:
    result = load_result(folder / "result.json")
    level = result.privacy.example_level
    assert level is not None
    assert (level.unit, level.relation, level.adversary) == ("example", "add-or-remove-one", "server")
    assert level.steps == 2 * result.privacy.most_participations > 0
    assert (level.delta, level.noise_multiplier, level.clip_norm, level.sample_rate) == (1e-5, 1.5, 1.0, 0.5)
    assert 0 < level.epsilon <= level.epsilon_cap
    assert level.accountant == "PLD"
    # the device's numbers are what they are without it
    assert result.privacy.unit == "device"
    assert result.epsilon_pld == pytest.approx(8, rel=2e-3)


def test_the_words_say_what_it_protects_and_what_not(folder: Path) -> None:
    result = load_result(folder / "result.json")
    assert result.privacy.example_level is not None
    (said,) = (sentence for sentence in explanation(result) if "unit example" in sentence)
    (disclosed,) = (sentence for sentence in result.disclosure if sentence.startswith("Another unit, the example"))
    for text in (said, disclosed):
        for part in ("one training window", "history fixed", "never a listener's guarantee", "never added", "server"):
            assert part in text
    assert "delta 1e-5" in said
    assert "declines where a window would come to more than 10.0" in said
    rows = [row for group in plan_table(result).groups for row in group.rows]
    (row,) = (row for row in rows if row.name == "epsilon, one window")
    assert "unit example" in row.cells[0].text
    assert "never a listener" in (folder / "report.html").read_text("utf-8").replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("name", "value"),
    [("unit", "device"), ("adversary", "release reader"), ("epsilon", -1.0), ("delta", 0.0), ("surprise", 1)],
)
def test_a_broken_section_is_refused_by_name(content: dict[str, Any], name: str, value: object) -> None:
    content["privacy"]["example_level"][name] = value
    with pytest.raises(BadInput, match=f"privacy.example_level.{name}"):
        parse_result(content, source="x")


def test_without_it_the_report_says_nothing_of_it(content: dict[str, Any]) -> None:
    content["privacy"]["example_level"] = None
    result: Result = parse_result(content, source="x")
    assert not [sentence for sentence in explanation(result) if "unit example" in sentence]
    assert "one window" not in str(plan_table(result))
    assert example_level_of(scenario()) is None


def test_defaults_fit_the_shipped_scenarios() -> None:
    for name in ("quick", "default"):
        found = read_scenario(name, [ON])
        assert isinstance(found, Scenario)
        level = example_level_of(found)
        assert level is not None
        assert level.may_train((found.privacy.max_participations or 3) - 1)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (("privacy.mechanism=off", "privacy.epsilon=", ON), "needs a privacy.mechanism"),
        (("privacy.example_level.batch_size=33",), "batches of 33 from 32 examples"),
        (("privacy.example_level.epsilon_cap=0.1",), "no device would ever train"),
        (("privacy.example_level.noise_multiplier=0",), "privacy.example_level.noise_multiplier"),
        (("privacy.example_level.delta=1e-300",), "delta"),
        (("privacy.example_level.clip_norm=1e300",), "clip_norm"),
        (("privacy.example_level.colour=1",), "privacy.example_level.colour"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_with_a_sentence(settings: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence) as refusal:
        example_level_of(scenario(*settings))
    assert "\n" not in str(refusal.value)


def test_flower_is_refused_before_anything_is_written() -> None:
    with pytest.raises(BadInput, match="--engine flower: example-level training runs in process only so far"):
        job(scenario(ON), "flower")


def test_a_variant_can_switch_it_on() -> None:
    variant = Variant(name="on", set={"privacy.example_level.steps": 3})
    varied = scenario().model_copy(update={"variants": (variant,)})
    section = settings_of(varied, "on").privacy.example_level
    assert section is not None
    assert (section.steps, section.batch_size) == (3, 16)
