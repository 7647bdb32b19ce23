import pytest
import typer
from typer.testing import CliRunner

from client.checkin.asking import ask
from client.checkin.shipped import instrument_named


def asked(name, typed):
    app, got = typer.Typer(), []
    app.command()(lambda: got.append(ask(instrument_named(name))))
    return CliRunner().invoke(app, [], input=typed), got


def test_enter_skips_and_a_wrong_answer_is_asked_again():
    result, got = asked("who5", "3\n\n9\n-\n0\n5\n")
    assert list(got[0].values()) == [3, None, None, 0, 5]
    assert result.stderr.count("Please answer 0, 1, 2, 3, 4, 5 or - to skip.") == 1


def test_questions_and_licence_are_on_stderr_and_stdout_is_left_to_the_result():
    result, _ = asked("who5", "\n" * 5)
    assert "CC BY-NC-SA 3.0 IGO, unmodified" in result.stderr
    assert "I woke up feeling fresh and rested" in result.stderr
    assert "5  All of the time" in result.stderr
    assert "I woke up" not in result.stdout


def test_a_slider_says_what_its_ends_mean():
    result, got = asked("affective_slider", "0.25\n1\n")
    assert got == [{"pleasure": 0.25, "arousal": 1.0}]
    assert "Pleasure (0 sadness .. 1 happiness)" in result.stderr


@pytest.mark.parametrize("typed", ["", "3\n4\n"])
def test_the_end_of_the_input_ends_it(typed):
    result, got = asked("who5", typed)
    assert got == []
    assert result.exit_code != 0
    assert "Nothing was stored." in result.stderr
