from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, update

from client.personalise.kept import KEPT, forget_heads, head_in_use, keep_head, tuned_heads
from client.store.tables import personal_heads
from shared_model.errors import BadInput
from shared_model.head.inference import FrozenHead
from shared_model.release_0.release import Release0
from shared_model.release_0.release_file import read_release_0, write_release_0
from tests.client.recommend.small import small


def moved(head: FrozenHead, by: float) -> FrozenHead:
    return replace(head, parameters={name: numbers + np.float32(by) for name, numbers in head.parameters.items()})


def keep(history: Engine, release: Release0, by: float = 1, *, use: bool = True, moods: bool = False) -> None:
    head = moved(release.head, by)
    keep_head(history, release, head, made_at_s=int(by), evaluation={"by": by, "moods": moods}, use=use)


def test_a_tuned_head_comes_back_bit_by_bit(history: Engine, release: Release0) -> None:
    assert head_in_use(history, release, moods=True) is None
    keep(history, release)
    found = head_in_use(history, release, moods=False)
    for name, numbers in moved(release.head, 1).parameters.items():
        np.testing.assert_array_equal(found.parameters[name], numbers)


def test_the_newest_decides_and_three_are_kept(history: Engine, release: Release0) -> None:
    for by in range(1, 6):
        keep(history, release, by, use=by == 4)
        assert (head_in_use(history, release, moods=True) is not None) == (by == 4)
    heads = tuned_heads(history)
    assert len(heads) == KEPT == 3
    assert [(head.made_at_s, head.in_use, head.evaluation["by"]) for head in heads] == [
        (5, False, 5),
        (4, False, 4),
        (3, False, 3),
    ]


def test_a_head_of_another_release_is_not_used(history: Engine, release: Release0, tmp_path: Path) -> None:
    keep(history, release)
    write_release_0(small(1).release, tmp_path / "other", half=False)
    assert head_in_use(history, read_release_0(tmp_path / "other"), moods=True) is None
    assert head_in_use(history, release, moods=True) is not None


def test_what_learned_from_moods_needs_the_consent_to_them(history: Engine, release: Release0) -> None:
    keep(history, release, moods=True)
    assert head_in_use(history, release, moods=False) is None
    assert head_in_use(history, release, moods=True) is not None


def test_what_learned_from_moods_is_forgotten_alone(history: Engine, release: Release0) -> None:
    for by, moods in enumerate((True, False, True), start=1):
        keep(history, release, by, moods=moods)
    assert forget_heads(history, moods_alone=True) == 2
    assert [head.made_at_s for head in tuned_heads(history)] == [2]
    assert forget_heads(history) == 1


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, "cut", "head", "middle"])
def test_a_damaged_head_is_a_sentence_and_forgetting_it_mends(history: Engine, release: Release0, damage) -> None:
    keep(history, release)
    with history.begin() as connection:
        (whole,) = connection.execute(personal_heads.select()).mappings().all()
        blob = whole["tensors"]
        content = {"cut": blob[:-7], "head": b"\xff" * 9 + blob[9:], "middle": blob[:100] + b"zz" + blob[102:]}
        connection.execute(update(personal_heads).values(tensors=content.get(damage, damage)))
    with pytest.raises(BadInput, match="tune --forget"):
        head_in_use(history, release, moods=True)
    assert forget_heads(history) == 1
    assert head_in_use(history, release, moods=True) is None


def test_a_head_of_another_shape_is_a_sentence(history: Engine, release: Release0) -> None:
    parameters = {name: numbers for name, numbers in release.head.parameters.items() if "gate" not in name}
    head = type("Head", (), {"parameters": parameters})
    keep_head(history, release, head, made_at_s=1, evaluation={}, use=True)
    with pytest.raises(BadInput, match="tune --forget"):
        head_in_use(history, release, moods=True)
