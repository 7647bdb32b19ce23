import pytest

from shared_model.errors import BadInput
from simulations.scenario import read_scenario
from simulations.variants import folder_name, names_of, settings_of


def test_a_variant_differs_in_what_it_sets_and_in_nothing_else():
    ablation = read_scenario("ablation", [])
    lyrics, control = settings_of(ablation, "lyrics"), settings_of(ablation, "both with state, mood effect off")
    assert lyrics.model.modalities == ("lyrics",)
    assert not lyrics.model.use_state
    assert control.simulated_listeners.mood_effect == 0.0
    assert control.model == ablation.model
    assert lyrics.training == ablation.training


def test_no_variant_carries_variants_of_its_own():
    assert settings_of(read_scenario("ablation", []), "audio").variants == ()


def test_an_empty_value_takes_a_setting_away_in_a_variant():
    assert settings_of(read_scenario("epsilon-sweep", []), "no privacy").privacy.epsilon is None


def test_folders_of_variants_are_plain_and_apart():
    names = names_of(read_scenario("ablation", []))
    folders = {folder_name(name) for name in names}
    assert len(folders) == len(names)
    assert folder_name("Both with state, mood effect off") == "both-with-state-mood-effect-off"


def test_variants_that_would_share_a_folder_are_refused(tmp_path):
    path = tmp_path / "twins.toml"
    path.write_text(
        'title = "t"\nrounds = 2\ncohort = 3\n[dataset]\nname = "lieder"\n[privacy]\nepsilon = 8.0\n'
        '[[variants]]\nname = "A b"\n[[variants]]\nname = "a-b"\n'
    )
    with pytest.raises(BadInput, match="share a folder"):
        names_of(read_scenario(str(path), []))
