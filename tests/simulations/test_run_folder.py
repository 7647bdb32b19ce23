import json

import pytest

from shared_model.errors import BadInput
from simulations.run_folder import RunFolder

SETTINGS = {"scenario": {"rounds": 4}, "engine": "in-process"}


@pytest.fixture
def begun(tmp_path):
    folder = RunFolder(tmp_path / "deep" / "run")
    folder.check(SETTINGS, resume=False)
    folder.begin(SETTINGS)
    return folder


def test_a_run_begins_by_writing_its_settings(begun):
    assert json.loads(begun.scenario.read_bytes()) == SETTINGS


def test_checking_writes_nothing(tmp_path):
    RunFolder(tmp_path / "run").check(SETTINGS, resume=False)
    assert not (tmp_path / "run").exists()


def test_a_run_is_not_begun_again_by_mistake(begun):
    with pytest.raises(BadInput, match="--resume"):
        begun.check(SETTINGS, resume=False)


def test_resuming_with_the_same_settings_is_allowed_and_changes_nothing(begun):
    before = begun.scenario.stat().st_mtime_ns
    begun.check(SETTINGS, resume=True)
    begun.begin(SETTINGS)
    assert begun.scenario.stat().st_mtime_ns == before


def test_resuming_with_other_settings_is_refused_and_named(begun):
    with pytest.raises(BadInput, match="another engine"):
        begun.check({**SETTINGS, "engine": "flower"}, resume=True)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(BadInput, match="other files"):
        RunFolder(tmp_path).check(SETTINGS, resume=False)
    assert [file.name for file in tmp_path.iterdir()] == ["photo.jpg"]


def test_a_file_in_the_place_of_the_folder_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="other files"):
        RunFolder(tmp_path / "file").check(SETTINGS, resume=False)
    with pytest.raises(BadInput, match="cannot be written"):
        RunFolder(tmp_path / "file" / "run").begin(SETTINGS)


def test_damaged_settings_are_a_sentence(begun):
    begun.scenario.write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        begun.check(SETTINGS, resume=True)
