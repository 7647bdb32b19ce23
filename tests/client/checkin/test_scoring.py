import pytest

from client.checkin.scoring import Scoring, combine


@pytest.mark.parametrize(
    ("scoring", "expected"),
    [(Scoring.SUM, 9.0), (Scoring.SUM_TIMES_4, 36.0), (Scoring.MEAN, 3.0), (Scoring.EACH, None)],
)
def test_one_number_of_three_answers(scoring, expected):
    assert combine(scoring, [1, 3, 5]) == expected
