import json

import pytest

from shared_model.errors import BadInput
from simulations.run_folder import RunFolder

SETTINGS = {"scenario": {"rounds": 4}, "engine": "in-process"}


def test_a_new_folder_is_made_and_holds_its_settings(tmp_path):
    folder = RunFolder(tmp_path / "deep" / "run")
    assert folder.open(SETTINGS, resume=False) is False
    assert json.loads(folder.scenario.read_bytes()) == SETTINGS


def test_an_unfinished_run_is_not_begun_again_by_mistake(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.open(SETTINGS, resume=False)
    with pytest.raises(BadInput, match="--resume"):
        folder.open(SETTINGS, resume=False)


def test_resuming_with_other_settings_is_refused_and_named(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.open(SETTINGS, resume=False)
    with pytest.raises(BadInput, match="another engine"):
        folder.open({**SETTINGS, "engine": "flower"}, resume=True)


def test_resuming_says_whether_the_result_is_there(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.open(SETTINGS, resume=False)
    assert folder.open(SETTINGS, resume=True) is False
    folder.result.write_text("{}")
    assert folder.open(SETTINGS, resume=True) is True


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(BadInput, match="other files"):
        RunFolder(tmp_path).open(SETTINGS, resume=False)
    assert [file.name for file in tmp_path.iterdir()] == ["photo.jpg"]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        RunFolder(tmp_path / "file" / "run").open(SETTINGS, resume=False)


def test_damaged_settings_are_a_sentence(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.open(SETTINGS, resume=False)
    folder.scenario.write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        folder.open(SETTINGS, resume=True)
