import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from client.settings import Settings
from tests.client.prepared import typed

NAMES = [
    "release", "encoders.lyrics", "encoders.audio", "encoders.from_release",
    "retention.listens_days", "retention.answers_days",
    *(f"eligibility.{name}" for name in Settings().eligibility.model_dump()),
]  # fmt: skip


def change(folder, *changes):
    return typed("settings", "--json", "--dir", folder, "--", *changes)


def flat(section, prefix=""):
    return {
        key: value
        for name, held in section.items()
        for key, value in (flat(held, f"{prefix}{name}.") if isinstance(held, dict) else {prefix + name: held}).items()
    }


def test_every_setting_is_printed_with_what_it_means(folder):
    ran = typed("settings", "--dir", folder)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert [line.split(" = ")[0] for line in lines] == list(flat(Settings().model_dump()))
    assert all(len(line.split("   # ")[1]) > 10 for line in lines)
    assert set(NAMES) == set(flat(Settings().model_dump()))


def test_a_setting_is_changed_kept_for_its_owner_alone_and_taken_away(folder):
    assert json.loads(change(folder, "retention.listens_days=3650").out)["retention"]["listens_days"] == 3650
    assert (folder / "settings.toml").stat().st_mode & 0o777 == 0o600
    assert "retention.listens_days = 3650 " in typed("settings", "--dir", folder).out
    assert json.loads(change(folder, "retention.listens_days=").out) == Settings().model_dump(mode="json")


def test_lists_and_text_need_no_quotes_and_may_have_them(folder):
    found = json.loads(change(folder, 'eligibility.assume=["mains", "idle"]', "release=/a b/c.safetensors").out)
    assert found["eligibility"]["assume"] == ["mains", "idle"]
    assert found["release"] == "/a b/c.safetensors"
    assert json.loads(change(folder, 'release="/d.safetensors"').out)["release"] == "/d.safetensors"


def test_several_are_changed_together_or_not_at_all(folder):
    change(folder, "eligibility.run_on_batteries=true")
    before = (folder / "settings.toml").read_bytes()
    for changes in (
        ("retention.listens_days=5", "retention.answers_days=-5"),
        ("retention.listens_days=5", "retention"),
        ("retention.listens_days=5", "no.such=1"),
    ):
        ran = change(folder, *changes)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
        assert (folder / "settings.toml").read_bytes() == before
    assert json.loads(change(folder, "retention.listens_days=5", "retention.answers_days=6").out)["retention"] == {
        "listens_days": 5,
        "answers_days": 6,
    }


values = st.one_of(
    st.text(),
    st.text(alphabet="0123456789.-+eE_[]{}\"'#=:,\n nifatru"),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["true", "[]", '["mains"]', "nan", "inf", "2024-01-01", "0x10", '"""', "[[[", "{a=1}", "1\nx=2"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(st.sampled_from(NAMES) | st.text() | st.lists(st.sampled_from([*NAMES, "", "a"])).map(".".join), values)
@example("release", "/caf\udce9/model")  # a name of a file that is no UTF-8
@example("retention.listens_days", "9" * 5000)
@example("release", "[" * 100_000)
@example("retention", "{listens_days=5}")
@example(".", "1")
@example("retention.listens_days", "5\n[eligibility]\nrun_on_batteries=true")
@example("eligibility.start_hour", "nan")
def test_any_change_is_accepted_and_readable_again_or_refused_with_the_file_unchanged(folder, name, value):
    file = folder / "settings.toml"
    before = file.read_bytes()
    ran = change(folder, f"{name}={value}")
    if ran.code:
        assert (ran.code, ran.out) == (2, "")
        assert "Traceback" not in ran.err
        assert file.read_bytes() == before
    else:
        again = change(folder)
        assert (again.code, again.out) == (0, ran.out)
        json.loads(again.out, parse_constant=pytest.fail)  # JSON has no NaN
    assert not list(folder.glob(".*"))


def test_what_is_typed_most_is_accepted(folder):
    """So that the test above does not hold because all is refused."""
    for name, value in (("release", "a"), ("encoders.lyrics", "b"), ("eligibility.start_hour", "7.5")):
        assert change(folder, f"{name}={value}").code == 0


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[[[", b"a = ", b"unknown = 1\n", b'retention = "no"\n'])
def test_a_spoilt_file_is_a_sentence_and_is_left_to_be_mended(folder, content):
    (folder / "settings.toml").write_bytes(content)
    for arguments in (("settings",), ("settings", "retention.listens_days=5"), ("consent", "list")):
        ran = typed(*arguments, "--dir", folder)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("sottovoce-client: settings: ")
        assert "Traceback" not in ran.err
    assert (folder / "settings.toml").read_bytes() == content


def test_nothing_is_written_where_no_profile_is(tmp_path):
    ran = change(tmp_path, "retention.listens_days=5")
    assert ran.code == 2
    assert "make one with `sottovoce-client init" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_neither_showing_nor_changing_needs_a_passphrase(folder, monkeypatch):
    monkeypatch.delenv("SOTTOVOCE_PASSPHRASE")
    assert change(folder, "retention.listens_days=5").code == 0
