import pytest

from shared_model.errors import Refused
from shared_model.secagg.limits import DeviceLimits
from tests.shared_model.secagg.rounds import cast


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (DeviceLimits(smallest_cohort=7, smallest_threshold=2, smallest_honest=1), "cohort of 6"),
        (DeviceLimits(smallest_cohort=2, smallest_threshold=5, smallest_honest=1), "threshold of 4"),
        (DeviceLimits(smallest_cohort=2, smallest_threshold=2, smallest_honest=3), "honest devices than of 1"),
    ],
)
def test_terms_below_the_devices_own_minimum(limits, word):
    with pytest.raises(Refused, match=word):
        cast(6, limits=limits)
