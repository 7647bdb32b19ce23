import json
import shutil

import pytest

from shared_model.errors import BadInput
from tests.simulations.epsilon.conftest import LISTENERS, MANY

PRIVATE = LISTENERS // 2


def without_cost(folder):
    content = json.loads((folder / "result.json").read_text())
    return {key: value for key, value in content.items() if key != "cost"}


def test_every_row_keeps_its_epsilon_and_says_what_it_is_of(done):
    _, result = done
    assert [(row.public_kept, row.listeners) for row in result.by_epsilon] == [
        (kept, listeners) for kept in (1.0, 0.25) for listeners in (PRIVATE, PRIVATE, MANY, MANY)
    ]
    for row, asked in zip(result.by_epsilon, (0.25, 8.0) * 4, strict=True):
        assert 0.97 * asked < row.epsilon <= asked
        assert row.delta == pytest.approx(row.listeners**-1.1)
        assert row.epsilon_device == pytest.approx(row.epsilon, rel=1e-3)  # everyone is asked: nothing is amplified
        assert row.extrapolated == (row.listeners > PRIVATE)
        assert (row.unit, row.relation, row.trust) == ("device", "add-or-remove-one", "central")


def test_where_the_noise_is_nothing_the_row_is_that_without_privacy(done):
    _, result = done
    for row in result.by_epsilon:
        start = next(each for each in result.starts if each.public_kept == row.public_kept)
        assert row.federated_off == start.federated_off.hr_at_10
        if row.extrapolated:
            assert row.released == start.pairs_heard
            assert row.short_of_off["hr_at_10"] == pytest.approx((0, 0, 0), abs=1e-9)
            assert row.gain["mrr_at_20"] == pytest.approx(start.gain_off["mrr_at_20"], abs=1e-9)


def test_where_nothing_is_above_the_threshold_nothing_is_lost(done):
    _, result = done
    nothing = [row for row in result.by_epsilon if row.released == 0]
    assert [row.epsilon < 1 for row in nothing] == [True, True]  # so few are never enough at epsilon .25
    for row in nothing:
        assert row.threshold > PRIVATE
        assert row.gain["hr_at_10"] == (0, 0, 0)
        assert row.hr_at_10 == row.release_0_personal


def test_the_own_past_is_what_release_0_alone_does_without(done):
    _, result = done
    for start in result.starts:
        assert start.release_0.hr_at_20 is not None
        assert start.release_0_personal.hr_at_20 is not None
        assert start.release_0.hr_at_20 < start.release_0_personal.hr_at_20  # these listeners go back to favourites
    assert [start.public_listeners for start in result.starts] == [PRIVATE, PRIVATE // 4]


def test_a_killed_job_goes_on_and_ends_alike(done, run_job, data, tmp_path):
    folder, _ = done
    cut = shutil.copytree(folder, tmp_path / "cut")
    (cut / "result.json").unlink()
    (cut / "report.html").unlink()
    (cut / "head-without-0.25.safetensors").unlink()
    rows = json.loads((cut / "rows.json").read_text())
    rows["by_epsilon"] = rows["by_epsilon"][:5]
    rows["starts"] = rows["starts"][:1]
    (cut / "rows.json").write_text(json.dumps(rows))
    run_job(data, cut, resume=True)
    assert without_cost(cut) == without_cost(folder)
    assert (cut / "report.html").is_file()


def test_a_folder_of_another_job_is_left_alone(done, run_job, data, tmp_path):
    folder, result = done
    assert run_job(data, folder, resume=True).by_epsilon == result.by_epsilon
    with pytest.raises(BadInput, match="a run lies there already"):
        run_job(data, folder)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes").touch()
    with pytest.raises(BadInput, match="holds other files"):
        run_job(data, tmp_path / "other")


def test_held_out_plays_are_in_nothing_that_is_released(plays, write_log, run_job, done, tmp_path):
    _, result = done
    other = [own[:-10] + [(track + 1) % 40 for track in own[-10:]] for own in plays]
    changed = run_job(write_log(tmp_path / "log", other), tmp_path / "run")
    assert [start.pairs_heard for start in changed.starts] == [start.pairs_heard for start in result.starts]
    assert [row.released for row in changed.by_epsilon] == [row.released for row in result.by_epsilon]
    assert changed.by_epsilon[-1].hr_at_10 != result.by_epsilon[-1].hr_at_10  # but they are what is foreseen


def test_the_page_needs_nothing_else_and_says_what_is_extrapolated(done):
    folder, result = done
    page = (folder / "report.html").read_text()
    assert "EXTRAPOLATED" in page
    for metric in ("HR@10", "MRR@20", "new HR@10"):
        assert page.count(f'"{metric} by epsilon.') == 2
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert f"{result.by_epsilon[0].delta:.3g}" in page
