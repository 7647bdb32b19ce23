import json
import shutil

import numpy as np
import pytest

from shared_model.errors import BadInput
from simulations.evaluation.held_out import HELD_OUT, VALIDATION

GAINS = {
    "hr_at_10": lambda rank: rank <= 10,
    "hr_at_20": lambda rank: rank <= 20,
    "ndcg_at_10": lambda rank: np.where(rank <= 10, 1 / np.log2(rank + 1), 0),
    "mrr_at_20": lambda rank: np.where(rank <= 20, 1 / rank, 0),
}
HEADS = ("head-seed-3.safetensors", "head-seed-4.safetensors", "head-without-cold-tracks.safetensors")


def heads(folder):
    return [(folder / name).read_bytes() for name in HEADS]


def shifted(own, *, first):
    """The same plays with others from place `first` on."""
    return own[:first] + [(track + 1) % 40 for track in own[first:]]


@pytest.mark.parametrize("kind", ["central", "half"])
def test_every_headline_metric_can_be_counted_again_from_predictions(kind, request):
    done = request.getfixturevalue(kind)
    arrays = done.predictions()
    assert arrays["seeds"].tolist() == list(done.result.seeds)
    assert (arrays["ranks_by_seed"][0] == arrays["rank"]).all()
    for name, gain in GAINS.items():
        gains = gain(arrays["ranks_by_seed"])
        assert gains.mean() == pytest.approx(getattr(done.result, name))
        assert [row.mean() for row in gains] == pytest.approx([getattr(row, name) for row in done.result.per_seed])
        if name in ("hr_at_10", "mrr_at_20"):
            assert gains[:, arrays["new"]].mean() == pytest.approx(getattr(done.result, f"new_{name}"))
        assert 0 <= getattr(done.result, f"{name}_low") <= getattr(done.result, f"{name}_high") <= 1
    assert 0 < done.result.hr_at_10 < 1
    assert 0 < done.result.dataset.new_targets == arrays["new"].sum()


@pytest.mark.parametrize("kind", ["central", "half"])
def test_the_headline_is_the_mean_over_seeds_and_the_deviation_their_spread(kind, request):
    result = request.getfixturevalue(kind).result
    for name in ("hr_at_10", "mrr_at_20", "new_hr_at_10", "coverage_at_20", "gini"):
        values = [getattr(row, name) for row in result.per_seed]
        assert np.mean(values) == pytest.approx(getattr(result, name))
        assert np.std(values, ddof=1) == pytest.approx(getattr(result.deviation, name))


def test_central_scores_everyone_on_their_last_plays_beside_ceilings_alone(central, plays):
    result, arrays = central.result, central.predictions()
    assert (result.dataset.learned_listeners, result.dataset.scored_listeners) == (len(plays), len(plays))
    assert result.dataset.targets == len(plays) * HELD_OUT
    assert sorted(set(arrays["listener"])) == sorted(f"l{number}" for number in range(len(plays)))
    assert result.baselines == {}
    assert result.beside == "ceilings"
    for listener, target, position in zip(arrays["listener"], arrays["target"], arrays["position"], strict=True):
        own = plays[int(listener[1:])]
        assert position >= len(own) - HELD_OUT
        assert target == f"t{own[position]:02}"


def test_half_scores_those_who_did_not_train_beside_what_public_listeners_teach(half, plays):
    result = half.result
    assert result.dataset.learned_listeners + result.dataset.scored_listeners == len(plays)
    assert len(set(half.predictions()["listener"])) == result.dataset.scored_listeners
    assert set(result.baselines) == set(result.ceilings)
    assert result.beside == "baselines"


def test_central_never_learns_from_a_held_out_play(central, plays, write_log, new_scenario, run_job, tmp_path):
    others = [shifted(own, first=len(own) - HELD_OUT - VALIDATION) for own in plays]
    again = run_job(new_scenario(1.0), write_log(tmp_path / "log", others), tmp_path / "run")
    assert heads(again.folder) == heads(central.folder)
    assert not (again.predictions()["target"] == central.predictions()["target"]).all()


def test_half_never_learns_from_those_who_are_scored(half, plays, write_log, new_scenario, run_job, tmp_path):
    scored = {int(listener[1:]) for listener in half.predictions()["listener"]}
    others = [shifted(own, first=0) if place in scored else own for place, own in enumerate(plays)]
    again = run_job(new_scenario(0.5), write_log(tmp_path / "log", others), tmp_path / "run")
    assert heads(again.folder) == heads(half.folder)
    assert not (again.predictions()["target"] == half.predictions()["target"]).all()


def test_seeded_bug_a_play_that_is_learned_from_would_be_seen(half, plays, write_log, new_scenario, run_job, tmp_path):
    scored = {int(listener[1:]) for listener in half.predictions()["listener"]}
    others = [own if place in scored else shifted(own, first=0) for place, own in enumerate(plays)]
    again = run_job(new_scenario(0.5), write_log(tmp_path / "log", others), tmp_path / "run")
    assert all(one != two for one, two in zip(heads(again.folder), heads(half.folder), strict=True))


def test_a_run_that_was_killed_goes_on_to_the_same_result(central, run_job, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("scenario.json", HEADS[0]):  # killed after the first training
        shutil.copy(central.folder / name, folder)
    again = run_job(central.job.scenario, central.job.data, folder, resume=True)
    assert without_cost(again) == without_cost(central)
    assert heads(folder) == heads(central.folder)
    assert all((again.predictions()[name] == value).all() for name, value in central.predictions().items())


def without_cost(done):
    content = json.loads((done.folder / "result.json").read_bytes())
    return {key: value for key, value in content.items() if key != "cost"}


def test_a_finished_run_is_handed_back_and_never_overwritten(central, run_job):
    before = (central.folder / "result.json").read_bytes()
    assert run_job(central.job.scenario, central.job.data, central.folder, resume=True).result == central.result
    assert (central.folder / "result.json").read_bytes() == before
    with pytest.raises(BadInput, match="a run lies there already"):
        run_job(central.job.scenario, central.job.data, central.folder)
    with pytest.raises(BadInput, match="another scenario"):
        run_job(central.job.scenario.model_copy(update={"seeds": (3,)}), central.job.data, central.folder, resume=True)


def test_a_damaged_head_is_refused(central, run_job, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(central.folder / "scenario.json", folder)
    (folder / HEADS[1]).write_bytes(b"nothing")
    with pytest.raises(BadInput, match=r"head-seed-4.safetensors does not fit this head"):
        run_job(central.job.scenario, central.job.data, folder, resume=True)


@pytest.mark.parametrize("public_share", [0.0, 0.001, 0.999])
def test_a_share_that_leaves_nobody_is_refused_with_nothing_written(public_share, log, new_scenario, run_job, tmp_path):
    with pytest.raises(BadInput, match="nobody public or nobody private"):
        run_job(new_scenario(public_share), log, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_one_seed_without_cold_tracks_is_a_result_too(log, new_scenario, run_job, tmp_path):
    scenario = new_scenario(1.0, seeds=(0,), evaluation={"resamples": 5, "cold_tracks": 0.0})
    done = run_job(scenario, log, tmp_path / "run")
    assert done.result.deviation is None
    assert done.result.cold_tracks is None
    assert not (done.folder / HEADS[2]).exists()
    assert "this job leaves no track out" in (done.folder / "report.html").read_text()


def test_the_shares_of_the_paths_add_up(central):
    assert sum(central.result.shares.values()) == pytest.approx(1, abs=1e-4)


def test_no_privacy_and_the_public_catalogue_are_disclosed(central, half):
    for done in (central, half):
        text = " ".join(done.result.disclosure)
        assert "No privacy: trained in the clear" in text
        assert "Catalogue assumed public: its filter saw everyone's plays" in text
        assert "SIMULATED" not in text
