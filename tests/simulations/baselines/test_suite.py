from pathlib import Path

import numpy as np
import pytest

from shared_model.history import History
from shared_model.ranking_metrics import RankingMetrics
from simulations.baselines.suite import fit_baselines, fit_ceilings
from simulations.datasets.listening import read_listening
from simulations.evaluation.full_ranking import evaluate
from simulations.evaluation.held_out import held_out_targets, is_new

SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "listening"
SIZE = 30

# HR@10, NDCG@10, MRR@20, HR@10 of new targets: published with the extracts, reproduced by independent code
PUBLISHED = {
    "lastfm-1k": {
        "popularity": (0.002, 0.001, 0.001, 0.002),
        "personal_popularity": (0.131, 0.065, 0.051, 0),
        "bigram": (0.325, 0.263, 0.244, 0.217),
        "item_knn": (0.362, 0.201, 0.158, 0.236),
        "blend": (0.382, 0.301, 0.280, 0.248),
    },
    "30music": {
        "bigram": (0.313, 0.267, 0.253, 0.249),
        "item_knn": (0.345, 0.197, 0.156, 0.261),
        "blend": (0.364, 0.298, 0.282, 0.276),
    },
}


def listeners(seed: int, *, changed_from: int | None = None) -> list[History]:
    """Twelve random listeners with 40 plays; from play `changed_from` on they play other tracks."""
    random = np.random.default_rng(seed)
    histories = []
    for index in range(12):
        tracks = random.integers(SIZE, size=40)
        if changed_from is not None:
            tracks[changed_from:] = (tracks[changed_from:] + 1) % SIZE
        histories.append(History(listener=f"{seed} {index}", tracks=tracks))
    return histories


def test_both_columns_hold_the_same_five_methods():
    names = ["popularity", "personal_popularity", "bigram", "item_knn", "blend"]
    assert list(fit_baselines(listeners(0), SIZE)) == list(fit_ceilings(listeners(0), SIZE)) == names


@pytest.mark.parametrize("name", ["popularity", "personal_popularity", "bigram", "item_knn"])
def test_ceilings_never_see_a_held_out_play(name):
    contexts = [history.tracks[:5] for history in listeners(0)]
    whole, changed = fit_ceilings(listeners(0), SIZE), fit_ceilings(listeners(0, changed_from=25), SIZE)
    np.testing.assert_array_equal(whole[name].score(contexts), changed[name].score(contexts))
    earlier = fit_ceilings(listeners(0, changed_from=24), SIZE)
    assert (whole[name].score(contexts) != earlier[name].score(contexts)).any()


def test_test_plays_never_choose_the_weights_of_the_blend():
    contexts = [history.tracks[:5] for history in listeners(0)]
    whole, changed = (fit_ceilings(listeners(0, changed_from=start), SIZE)["blend"] for start in (None, 30))
    np.testing.assert_array_equal(whole.score(contexts), changed.score(contexts))


@pytest.mark.parametrize("name", ["popularity", "personal_popularity", "bigram", "item_knn", "blend"])
def test_baselines_learn_from_the_last_public_play(name):
    contexts = [history.tracks[:39] for history in listeners(0)]
    whole, changed = fit_baselines(listeners(0), SIZE), fit_baselines(listeners(0, changed_from=39), SIZE)
    assert (whole[name].score(contexts) != changed[name].score(contexts)).any()


@pytest.mark.integration
@pytest.mark.parametrize("log", PUBLISHED)
def test_ceilings_on_real_logs_are_the_published_ones(log):
    if not (SHARED / log).is_dir():
        pytest.skip(f"no {log} beside the checkout")
    catalogue, histories = read_listening(SHARED / log, name=log)
    targets = held_out_targets(histories)
    new = np.array([is_new(histories[target.listener], target.position) for target in targets])
    ceilings = fit_ceilings(histories, len(catalogue))
    for name, published in PUBLISHED[log].items():
        rank = evaluate(ceilings[name], histories, targets).ranks
        every, discoveries = RankingMetrics.from_ranks(rank), RankingMetrics.from_ranks(rank[new])
        measured = (every.hr_at_10, every.ndcg_at_10, every.mrr_at_20, discoveries.hr_at_10)
        assert measured == pytest.approx(published, abs=0.001), name
