import json
import sys

import pytest

from simulations import cli

SMALL = [
    "--set=transitions.pairs=15",
    "--set=transitions.epsilons=[4.0]",
    "--set=transitions.extrapolated_to=[]",
    "--set=transitions.noise_seeds=1",
    "--set=public_kept=[1.0]",
    "--set=pretraining.epochs=1",
    "--set=pretraining.candidates=44",
    "--set=evaluation.resamples=10",
]


@pytest.fixture
def run(monkeypatch, capsys):
    def typed(*arguments):
        monkeypatch.setattr(sys, "argv", ["sottovoce-simulate", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return typed


def test_it_is_run_and_reported_by_the_commands_of_every_scenario(run, data, tmp_path):
    command = ("run", "lastfm-private", "--data", data, "--out", tmp_path / "run", *SMALL)
    code, out, _ = run(*command, "--json")
    assert code == 0
    (row,) = json.loads(out)["by_epsilon"]
    for field in ("epsilon", "epsilon_device", "hr_at_10", "hr_at_10_low", "hr_at_10_high"):
        assert isinstance(row[field], float)
    for field in ("release_0", "release_0_personal", "federated_off"):
        assert 0 <= row[field] <= 1
    code, out, _ = run("report", tmp_path / "run")
    assert code == 0
    assert "What the numbers rest on" in out


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["--set", "dataset.public_share=1"], "leaves nobody private"),
        (["--set", "transitions.epsilons=[0]"], "greater than 0"),
        (["--set", "public_kept=[0]"], "greater than 0"),
        (["--set", "transitions.pairs=0"], "greater than or equal to 1"),
        (["--engine", "flower"], "has no rounds; leave --engine out"),
        ([], "say with --data where"),
    ],
)
def test_what_cannot_be_run_is_a_sentence(run, tmp_path, settings, said):
    code, out, err = run("run", "lastfm-private", "--out", tmp_path / "run", *settings)
    assert (code, out) == (2, "")
    assert said in err
    assert not (tmp_path / "run").exists()
