import pytest

from client.files import KEYS
from client.keys.key_file import read_key_file
from client.profile import open_profile
from tests.client.conftest import PASSPHRASE, everything_in
from tests.client.prepared import pages, typed

NEW = "an entirely new sentence"


@pytest.fixture
def key(folder):
    return lambda *arguments: typed("key", *arguments, "--dir", folder)


def data_key(folder):
    with open_profile(folder) as profile:
        return profile._keys.data


def test_line_30_rotated_keys_open_the_same_profile_and_the_old_ones_none_of_it(key, folder):
    typed("consent", "grant", "listening", "--dir", folder)
    old, old_file = data_key(folder), (folder / KEYS).read_bytes()
    assert b"CREATE TABLE" in pages(folder / "store.db", old)
    ran = key("rotate")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "Everything is encrypted under new keys. The passphrase is the same.\n"
    new = data_key(folder)
    assert new != old
    assert b"CREATE TABLE" not in pages(folder / "store.db", old)
    assert b"CREATE TABLE" in pages(folder / "store.db", new)
    assert '"listening": true' in typed("consent", "list", "--json", "--dir", folder).out
    assert '"fault": null' in typed("budget", "--json", "--dir", folder).out
    (folder / KEYS).write_bytes(old_file)
    ran = typed("consent", "list", "--dir", folder)
    assert (ran.code, ran.out) == (2, "")
    assert "put back the file that belongs to keys.json" in ran.err


def test_a_new_passphrase_opens_it_and_the_old_one_does_not(key, folder, monkeypatch):
    monkeypatch.setenv("SOTTOVOCE_NEW_PASSPHRASE", NEW)
    ran = key("passphrase")
    assert (ran.code, ran.err) == (0, "")
    assert NEW not in ran.out
    ran = typed("budget", "--dir", folder)
    assert (ran.code, ran.out) == (2, "")
    assert "this is not its recovery passphrase; nothing was changed, try again" in ran.err
    assert PASSPHRASE not in ran.err
    monkeypatch.setenv("SOTTOVOCE_PASSPHRASE", NEW)
    assert typed("budget", "--dir", folder).code == 0
    assert key("rotate").code == 0


@pytest.mark.parametrize(("new", "said"), [(None, "set SOTTOVOCE_NEW_PASSPHRASE"), ("zqshort", "7 characters")])
def test_without_a_new_passphrase_or_with_a_weak_one_nothing_changes(key, folder, monkeypatch, new, said):
    if new is not None:
        monkeypatch.setenv("SOTTOVOCE_NEW_PASSPHRASE", new)
    before = everything_in(folder)
    ran = key("passphrase")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "zqshort" not in ran.err
    assert everything_in(folder) == before


def test_every_passphrase_is_stretched_with_a_salt_of_its_own(key, folder, monkeypatch):
    monkeypatch.setenv("SOTTOVOCE_NEW_PASSPHRASE", PASSPHRASE)
    before = read_key_file(folder / KEYS)
    assert key("passphrase").code == 0
    after = read_key_file(folder / KEYS)
    assert after.stretching.salt != before.stretching.salt
    assert (after.stretching.memory_kib, after.stretching.iterations) == (65_536, 3)
    assert after.current.by_passphrase != before.current.by_passphrase
