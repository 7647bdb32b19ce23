import numpy as np
import pytest

from simulations.evaluation.held_out import held_out_targets
from simulations.quality.cold_listeners import COLD_LISTENER_TARGETS, just_installed, spread


@pytest.mark.parametrize("plays", [1, 3, 10, 1000])
def test_a_target_keeps_its_latest_plays_and_comes_after_them(plays, dataset):
    targets = held_out_targets(dataset.private)
    histories, shortened = just_installed(dataset.private, targets, plays=plays)
    for history, target, old in zip(histories, shortened, targets, strict=True):
        whole = dataset.private[old.listener]
        first = max(old.position - plays, 0)
        assert history.tracks.tolist() == whole.tracks[first : old.position + 1].tolist()
        assert history.tracks[target.position] == whole.tracks[old.position]
        assert target.position == len(history) - 1 == min(plays, old.position)
    assert [target.listener for target in shortened] == list(range(len(targets)))


@pytest.mark.parametrize(("targets", "chosen"), [(1, 1), (7, 7), (2000, 2000), (2001, 2000), (9999, 2000)])
def test_at_most_so_many_targets_are_chosen_from_first_to_last(targets, chosen):
    places = np.flatnonzero(spread(targets))
    assert len(places) == chosen <= COLD_LISTENER_TARGETS
    assert (places[0], places[-1]) == (0, targets - 1)


@pytest.mark.parametrize("kind", ["central", "half"])
def test_the_whole_past_is_that_of_the_first_seed_and_a_short_one_is_another(kind, request):
    done = request.getfixturevalue(kind)
    rows = done.result.cold_listeners
    assert [row.plays for row in rows] == [1, 3, 10, None]
    assert {row.targets for row in rows} == {done.result.dataset.targets}
    assert rows[-1].model.hr_at_10 == pytest.approx(done.result.per_seed[0].hr_at_10)
    assert rows[-1].blend.hr_at_10 == pytest.approx(getattr(done.result, done.result.beside)["blend"].hr_at_10)
    assert len({row.blend.mrr_at_20 for row in rows}) == len({row.model.mrr_at_20 for row in rows}) == 4
