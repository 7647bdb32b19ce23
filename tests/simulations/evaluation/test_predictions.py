from dataclasses import replace

import numpy as np
import pytest

from simulations.evaluation.head_ranking import held_out_moments, rank
from simulations.evaluation.held_out import held_out_targets
from simulations.evaluation.predictions import save_predictions
from simulations.evaluation.quality import Yardstick


@pytest.fixture
def saved(paths, counted, models, tmp_path):
    def save(some):
        targets = held_out_targets(some.private)
        held_out = held_out_moments(some.private, targets, paths=paths, counted=counted)
        ranking = rank(models["plain"], models["plain"].vector(), held_out)
        save_predictions(
            tmp_path / "predictions.npz",
            catalogue=some.catalogue,
            histories=some.private,
            targets=targets,
            ranking=ranking,
        )
        yardstick = Yardstick(
            listener=held_out.listener,
            new=np.zeros(len(targets), dtype=bool),
            play_counts=np.ones(50, dtype=np.float32),
            resamples=10,
        )
        # no pickle: numpy refuses object arrays unless it is told otherwise
        return np.load(tmp_path / "predictions.npz"), targets, yardstick.measure(ranking)

    return save


def test_they_are_in_the_ids_of_the_data_set(saved, dataset):
    arrays, targets, _ = saved(dataset)
    assert set(arrays) == {"listener", "target", "top20", "rank", "position"}
    assert arrays["listener"].tolist() == [dataset.private[target.listener].listener for target in targets]
    for row, target in enumerate(targets):
        history = dataset.private[target.listener]
        assert arrays["target"][row] == dataset.catalogue.track_ids[history.tracks[arrays["position"][row]]]
    assert arrays["top20"].shape == (80, 20)
    assert set(arrays["top20"].ravel()) <= set(dataset.catalogue.track_ids)


def test_others_can_recount_the_metrics(saved, dataset):
    arrays, _, measured = saved(dataset)
    places = arrays["top20"] == arrays["target"][:, None]
    assert len(set(arrays["rank"] % 1)) == 1  # no ties, so that a place is a rank
    assert places[:, :10].any(axis=1).mean() == pytest.approx(measured["hr_at_10"])
    assert places.any(axis=1).mean() == pytest.approx(measured["hr_at_20"])
    assert (places / np.arange(1, 21)).sum(axis=1).mean() == pytest.approx(measured["mrr_at_20"])
    found = places.any(axis=1)
    assert (places[found].argmax(axis=1) + 1 == arrays["rank"][found]).all()
    assert 0 < measured["hr_at_20"] < 1


def renamed(dataset, ids):
    return replace(dataset, catalogue=replace(dataset.catalogue, track_ids=tuple(ids)))


def test_ids_that_are_numbers_are_kept_as_numbers(saved, dataset):
    arrays, _, _ = saved(renamed(dataset, (str(7 * track) for track in range(50))))
    assert arrays["target"].dtype == np.int64
    assert set(arrays["top20"].ravel()) <= {7 * track for track in range(50)}


@pytest.mark.parametrize("odd", ["007", "123456789012345678901", "٣", "-1"])
def test_ids_that_a_number_would_change_stay_text(odd, saved, dataset):
    arrays, _, _ = saved(renamed(dataset, (odd, *map(str, range(100, 149)))))
    assert arrays["top20"].dtype.kind == "U"
    assert set(arrays["top20"].ravel()) <= {odd, *map(str, range(100, 149))}
