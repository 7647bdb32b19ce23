import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.errors import BadInput
from simulations.scenario import laid_over, read_scenario, shipped_scenarios

MINIMAL = 'title = "t"\nrounds = 2\ncohort = 3\n[dataset]\nname = "lieder"\n[privacy]\nepsilon = 8.0\n'


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL)
    return path


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_can_be_read(name):
    assert read_scenario(name, []).title


def test_the_five_scenarios_that_the_readme_names_are_shipped():
    assert set(shipped_scenarios()) >= {"quick", "default", "ablation", "lastfm", "epsilon-sweep"}


def test_settings_are_laid_over_with_dots_and_read_as_toml(file):
    scenario = read_scenario(str(file), ["privacy.epsilon=2", "model.modalities=['lyrics']", "title=a plain string"])
    assert scenario.privacy.epsilon == 2.0
    assert scenario.model.modalities == ("lyrics",)
    assert scenario.title == "a plain string"


def test_an_empty_value_takes_a_setting_away(file):
    scenario = read_scenario(str(file), ["rounds=", "privacy.noise_multiplier=1.5"])
    assert scenario.rounds is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["rounds=0"], "rounds"),
        (["privacy.epsilon=-1"], "privacy.epsilon"),
        (["privacy.noise_multiplier=-1", "rounds="], "privacy.noise_multiplier"),
        (["privacy.noise_multiplier=1"], "exactly two"),
        (["privacy.mechanism=off", "rounds="], "rounds is needed"),
        (["dataset.name=spotify"], "dataset.name"),
        (["colour=blue"], "colour"),
        (["training.momentum=0.9"], "training.momentum"),
        (["privacy.delta=nan"], "privacy.delta"),
        (["rounds.deep=1"], "rounds is a value"),
        (["novalue"], "key=value"),
        (["=3"], "key=value"),
    ],
)
def test_a_wrong_setting_is_named_in_a_sentence(file, settings, said):
    with pytest.raises(BadInput, match=said) as error:
        read_scenario(str(file), settings)
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)


def test_an_unknown_scenario_is_answered_with_the_known_ones():
    with pytest.raises(BadInput, match="quick"):
        read_scenario("qick", [])


@pytest.mark.parametrize("content", ["rounds = [", "\x00", "= 3"])
def test_malformed_toml_says_where(tmp_path, content):
    path = tmp_path / "broken.toml"
    path.write_text(content)
    with pytest.raises(BadInput, match="not valid TOML"):
        read_scenario(str(path), [])


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_scenario(str(tmp_path / "none.toml"), [])


def test_laying_over_leaves_the_original_as_it_was():
    content = {"a": {"b": 1, "c": 2}}
    assert laid_over(content, {"a.b": 3, "d.e": 4}) == {"a": {"b": 3, "c": 2}, "d": {"e": 4}}
    assert content == {"a": {"b": 1, "c": 2}}


@given(st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), st.integers(), max_size=5))
def test_laying_nothing_over_changes_nothing(content):
    assert laid_over(content, {}) == content
