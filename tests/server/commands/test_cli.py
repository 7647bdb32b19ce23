"""sottovoce-server as it is typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from server import cli
from server.place import Place
from server.registry import database
from shared_model.auditing.verify import verify_round_log
from shared_model.auditing.verify_run import read_key
from shared_model.wire.invitation import read_invitation
from tests.server.coordinator import made as make
from tests.server.coordinator import registry_of, small_settings

SMALL = ["--set", "plan.cohort=3", "--set", "plan.minimum_cohort=3", "--set", "plan.rounds=5"]


@pytest.fixture
def run(monkeypatch, capsys):
    """Arguments to exit code, stdout and stderr."""

    def typed(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sottovoce-server", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return typed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make(tmp_path / "s", small_settings()).root


def test_init_makes_a_coordinator_whose_secrets_are_its_owners_alone(run, tmp_path):
    code, out, err = run("init", tmp_path / "s", "--host", "music.example.org", *SMALL)
    assert (code, err) == (0, "")
    assert "music.example.org:9443" in out
    keys = tmp_path / "s" / "keys"
    assert keys.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in keys.iterdir()} == {0o600}
    assert len(list(keys.iterdir())) == 4
    assert (tmp_path / "s" / "registry.db").stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / "s"]


def test_init_says_what_a_small_cohort_protects_and_what_not(run, tmp_path):
    _, out, _ = run("init", tmp_path / "s", *SMALL, "--set", "plan.population=3")
    for said in ("A cohort of 3 is small", "who knows what the other 2 sent", "sampling hides nobody", "epsilon 12.6"):
        assert said in out.replace("12.595", "12.6")
    _, out, _ = run("init", tmp_path / "t", "--json")
    assert "small" not in " ".join(json.loads(out)["promises"])


def test_init_says_what_distributed_trust_rests_on(run, tmp_path):
    shares = ("trust=distributed", "mechanism=skellam", "honest=40", "noise_multiplier=2", "minimum_cohort=60")
    plan = [word for each in shares for word in ("--set", f"plan.{each}")]
    _, out, _ = run("init", tmp_path / "s", *plan, "--json")
    said = " ".join(json.loads(out)["promises"])
    assert "holds if at least 40 of 100 devices are honest and stay, and at most 20 of a round work with it" in said
    assert "Quality" not in said
    _, out, _ = run("init", tmp_path / "t", *plan, "--set", "plan.evaluation_share=0.1")
    assert "Quality by mood takes 10% of what a round may tell" in out
    assert "noise on updates is 5.4% larger for it" in out


def test_an_auditor_verifies_the_empty_log_with_the_key_that_init_wrote(folder):
    verified = verify_round_log(folder / "log", key=read_key(folder / "log.pub.pem", log=folder / "log"))
    assert verified.ok
    assert verified.signer_known


def test_init_never_touches_a_folder_that_holds_something(run, folder):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    code, _, err = run("init", folder)
    assert code == 2
    assert "never made over another one" in err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("setting", "code", "said"),
    [
        ("plan.noise_multiplier=0", 2, "noise_multiplier is 0"),
        ("plan.delta=0.1", 2, "delta is 0.1"),
        ("plan.cohort=20000", 2, "out of a population"),
        ("plan.trust=distributed", 3, "distributed trust"),
        ("plan.evaluation_share=0.1", 2, "evaluation_share 0.1 with central trust; leave both out, or use distributed"),
        ("plan.sampling=none", 3, "settings: deployment: sampling none draws a cohort of fixed size"),
        ("plan.clipping=adaptive", 3, "adaptive clipping, which devices cannot count"),
        ("plan.mechanism=off", 2, "mechanism off"),
        ("plan.cohorts=3", 2, "plan.cohorts: Extra inputs"),
        ("plan.cohort=many", 2, "plan.cohort: Input should be a valid integer"),
        ("ports.distribution=9092", 2, "two ports are the same"),
        ("federation=a/b", 2, "letters, digits"),
        ("federation", 2, "not KEY=VALUE"),
        ("plan=3", 2, "plan: "),
        ("listen=localhost", 2, "no IP address"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_makes_nothing(run, tmp_path, setting, code, said):
    found, out, err = run("init", tmp_path / "s", "--set", setting)
    assert (found, out) == (code, "")
    assert said in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_is_none_is_refused(run, tmp_path):
    code, _, err = run("init", tmp_path / "s", "--host", "https://music.example.org/")
    assert code == 2
    assert "neither a host name" in err


def test_init_that_fails_in_the_middle_leaves_nothing(run, tmp_path, monkeypatch):
    monkeypatch.setattr(database.REGISTRY, "create_all", lambda *_: (_ for _ in ()).throw(OSError(28, "disk full")))
    code, _, err = run("init", tmp_path / "s")
    assert code == 1
    assert "disk full" in err
    assert list(tmp_path.iterdir()) == []


def test_invite_gives_a_line_or_a_file_that_names_no_label(run, folder, tmp_path):
    code, out, _ = run("invite", "grandmothers-phone", "--dir", folder)
    assert code == 0
    line = read_invitation(out)
    assert (line.federation, line.address) == ("forelle", "localhost:9443")
    code, out, _ = run("invite", "tablet", "--dir", folder, "--out", tmp_path / "inv", "--expires", "2h", "--json")
    assert json.loads(out)["file"] == str(tmp_path / "inv")
    assert (tmp_path / "inv").stat().st_mode & 0o777 == 0o600
    written = read_invitation((tmp_path / "inv").read_text())
    assert written.expires_at_s == json.loads(out)["expires_at_s"]
    assert "grandmother" not in repr(line) + str(written)
    assert written.secret != line.secret


def test_a_file_that_exists_is_not_overwritten_and_no_invitation_is_made(run, folder, tmp_path):
    (tmp_path / "inv").write_text("mine")
    code, _, err = run("invite", "phone", "--dir", folder, "--out", tmp_path / "inv")
    assert (code, (tmp_path / "inv").read_text()) == (2, "mine")
    assert "exists" in err
    assert registry_of(Place(folder)).invited() == ()


@pytest.mark.parametrize("expires", ["0d", "7", "d", "400d", "-1h", "1w"])
def test_a_life_that_cannot_be_is_a_sentence(run, folder, expires):
    code, _, err = run("invite", "phone", "--dir", folder, f"--expires={expires}")
    assert code == 2
    assert "30m, 12h, 7d" in err


def test_devices_tells_who_is_open_and_who_was_revoked(run, folder):
    run("invite", "phone", "--dir", folder)
    run("invite", "tablet", "--dir", folder)
    assert run("revoke", "phone", "--dir", folder)[1] == "Revoked: the invitation.\n"
    code, out, _ = run("devices", "--dir", folder, "--json")
    assert code == 0
    assert [(each["name"], each["state"]) for each in json.loads(out)] == [("phone", "revoked"), ("tablet", "open")]
    assert run("revoke", "phone", "--dir", folder)[1] == "It was revoked before.\n"


def test_a_folder_without_a_coordinator_is_a_sentence(run, tmp_path):
    for verb in (["invite", "phone"], ["revoke", "phone"], ["devices"], ["publish", "file"]):
        code, _, err = run(*verb, "--dir", tmp_path)
        assert (code, "there is none" in err) == (2, True)


def test_a_key_that_others_can_read_is_refused(run, folder, tmp_path):
    (folder / "keys" / "release.key.pem").chmod(0o644)
    (tmp_path / "file").write_bytes(b"content")
    code, _, err = run("publish", tmp_path / "file", "--dir", folder)
    assert code == 2
    assert "can be read by others" in err


def test_publish_numbers_releases(run, folder, tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    for number in (1, 2):
        code, out, _ = run("publish", tmp_path / "file", "--dir", folder, "--json")
        assert (code, json.loads(out)["release"]) == (0, number)


@pytest.mark.integration
def test_it_is_a_program_with_a_usage(tmp_path):
    program = [sys.executable, "-m", "server.cli"]
    assert subprocess.run([*program], capture_output=True, check=False).returncode == 2
    shown = subprocess.run([*program, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(verb in shown for verb in ("init", "invite", "revoke", "devices", "publish"))
    wrong = subprocess.run([*program, "invite", "--dirr", "x"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


def test_renew_replaces_the_certificate_and_neither_key_nor_authority(run, folder):
    names = ("server.pem", "ca.pem", "keys/server.key.pem")
    before = {name: (folder / name).read_bytes() for name in names}
    code, out, _ = run("renew", "--dir", folder)
    assert (code, "good until" in out) == (0, True)
    assert [name for name in names if (folder / name).read_bytes() != before[name]] == ["server.pem"]
    (folder / "keys" / "ca.key.pem").unlink()
    code, _, err = run("renew", "--dir", folder)
    assert code == 2
    assert "ca.key.pem cannot be read" in err


def test_renew_refuses_a_name_that_the_authority_was_not_made_for(run, tmp_path):
    run("init", tmp_path / "s", "--host", "music.example.org")
    settings = tmp_path / "s" / "settings.toml"
    settings.write_text(settings.read_text().replace("music.example.org", "bank.example.org"))
    code, _, err = run("renew", "--dir", tmp_path / "s")
    assert code == 2
    assert "not for bank.example.org" in err
    settings.write_text(settings.read_text().replace("bank.example.org", "new.music.example.org"))
    assert run("renew", "--dir", tmp_path / "s")[0] == 0


@pytest.mark.integration
def test_init_that_was_killed_before_its_last_step_leaves_no_coordinator_and_can_be_done_again(tmp_path):
    killed = (
        "import os, signal, sys; from pathlib import Path; from server import cli;"
        "Path.replace = (lambda real: lambda self, to: os.kill(os.getpid(), signal.SIGKILL)"
        " if to == Path(sys.argv[2]) else real(self, to))(Path.replace); cli.main()"
    )
    arguments = ["init", str(tmp_path / "s")]
    assert subprocess.run([sys.executable, "-c", killed, *arguments], check=False).returncode == -9
    assert not (tmp_path / "s").exists()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob(".s.*")} == {0o700}
    again = subprocess.run([sys.executable, "-m", "server.cli", *arguments], capture_output=True, check=False)
    assert again.returncode == 0
    assert registry_of(Place(tmp_path / "s")).invited() == ()
