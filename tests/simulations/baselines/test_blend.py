import numpy as np
import pytest

from shared_model.history import History
from shared_model.ranking_metrics import RankingMetrics
from simulations.baselines.bigram import Bigram
from simulations.baselines.blend import ITEM_KNN_WEIGHTS, PERSONAL_WEIGHTS, Blend, choose_blend
from simulations.baselines.item_knn import ItemKNN
from simulations.baselines.personal_popularity import PersonalPopularity
from simulations.evaluation.full_ranking import evaluate
from simulations.evaluation.held_out import training_part, validation_targets

SIZE = 40


def listeners(*, habit: float) -> list[History]:
    """Each plays own favourites with probability `habit`, else the track numbered one above the last."""
    random = np.random.default_rng(0)
    histories = []
    for index in range(40):
        favourites, tracks = random.choice(SIZE, 3, replace=False), [0]
        for _ in range(40):
            tracks.append(random.choice(favourites) if random.random() < habit else (tracks[-1] + 1) % SIZE)
        histories.append(History(listener=str(index), tracks=np.array(tracks)))
    return histories


def chosen_for(histories: list[History]) -> Blend:
    plays = [training_part(history).tracks for history in histories]
    return choose_blend(
        Bigram.fit(plays, SIZE),
        ItemKNN.fit(plays, SIZE),
        PersonalPopularity.fit(plays, SIZE),
        histories=histories,
        targets=validation_targets(histories, limit=1_000),
    )


def test_the_score_is_the_weighted_sum_of_its_normalised_parts():
    blend = chosen_for(listeners(habit=0.5))
    contexts = [np.array([3, 4, 9]), np.array([0])]
    follows, near, played = (
        part.score(contexts).astype(np.float64) for part in (blend.bigram, blend.item_knn, blend.personal_popularity)
    )
    expected = [
        one / one.sum() + blend.item_knn_weight * two / two.max() + blend.personal_weight * np.log(1 + three)
        for one, two, three in zip(follows, near, played, strict=True)
    ]
    np.testing.assert_allclose(blend.score(contexts), expected, rtol=1e-4)


def test_the_chosen_weights_are_the_best_of_the_grid():
    histories = listeners(habit=0.6)
    blend = chosen_for(histories)
    targets = validation_targets(histories, limit=1_000)

    def quality(item_knn_weight: float, personal_weight: float) -> float:
        candidate = Blend(
            bigram=blend.bigram,
            item_knn=blend.item_knn,
            personal_popularity=blend.personal_popularity,
            item_knn_weight=item_knn_weight,
            personal_weight=personal_weight,
        )
        metrics = RankingMetrics.from_ranks(evaluate(candidate, histories, targets).ranks)
        return metrics.hr_at_10 + metrics.mrr_at_20

    qualities = [quality(one, other) for one in ITEM_KNN_WEIGHTS for other in PERSONAL_WEIGHTS]
    assert quality(blend.item_knn_weight, blend.personal_weight) == pytest.approx(max(qualities))
    assert max(qualities) > min(qualities)


def test_habit_weighs_where_listeners_repeat_and_not_where_they_do_not():
    assert chosen_for(listeners(habit=0.9)).personal_weight == max(PERSONAL_WEIGHTS)
    assert chosen_for(listeners(habit=0.0)).personal_weight == 0
