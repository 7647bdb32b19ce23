"""What the Privacy page says of the ledger, whose numbers are never guessed."""

import pytest

from client.ledger.ledger import open_ledger
from tests.client.web.conftest import Visit

pytestmark = pytest.mark.enable_socket  # an event loop has a pair of its own


def test_while_a_round_has_the_ledger_no_number_is_shown_and_nothing_is_called_spent(visit: Visit) -> None:
    profile = visit.profile
    with open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror):
        during = visit.http.get("/privacy").text
    assert "A round is under way" in during
    assert "counts as spent" not in during
    assert "epsilon" not in during.split("What the server could see")[0]
    assert "This device has given nothing away." in visit.http.get("/privacy").text


def test_a_ledger_that_is_gone_counts_as_all_spent(visit: Visit) -> None:
    visit.profile.ledger.unlink()
    said = visit.http.get("/privacy").text
    assert "All of it counts as spent" in said
    assert "A round is under way" not in said
