import re
import socket

import pytest

from client.checkin.help_page import help_page


def test_it_says_how_to_find_help_and_that_nothing_else_changes():
    page = help_page()
    assert "findahelpline.com" in page
    assert "Nothing else changes" in page


def test_it_names_no_number_that_could_be_wrong_somewhere():
    assert re.findall(r"\d", help_page()) == []


def test_nothing_is_fetched(monkeypatch):
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("a socket was opened"))
    help_page()
