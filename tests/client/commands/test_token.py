import json
import stat
from uuid import UUID

from client.files import TOKEN
from client.keys.player_token import PlayerToken, player_token
from client.profile import open_profile
from tests.client.conftest import everything_in
from tests.client.prepared import make_profile, typed


def test_it_is_made_once_and_replaced_when_asked(headless, tmp_path):
    make_profile(tmp_path / "p")
    first = typed("token", "--dir", tmp_path / "p")
    assert (first.code, first.err) == (0, "")
    UUID(first.out.strip())
    assert typed("token", "--dir", tmp_path / "p").out == first.out
    second = json.loads(typed("token", "--new", "--json", "--dir", tmp_path / "p").out)
    assert second.keys() == {"token"}
    assert second["token"] != first.out.strip()
    assert typed("token", "--dir", tmp_path / "p").out.strip() == second["token"]


def test_it_lies_sealed_and_readable_by_its_owner_alone(headless, tmp_path):
    make_profile(tmp_path / "p")
    token = typed("token", "--dir", tmp_path / "p").out.strip()
    assert token.encode() not in everything_in(tmp_path / "p")
    assert stat.S_IMODE((tmp_path / "p" / TOKEN).stat().st_mode) == 0o600


def test_a_changed_file_is_a_sentence_and_lets_nobody_in(headless, tmp_path):
    make_profile(tmp_path / "p")
    token = typed("token", "--dir", tmp_path / "p").out.strip()
    (tmp_path / "p" / TOKEN).write_bytes(bytes(60))
    ran = typed("token", "--dir", tmp_path / "p")
    assert (ran.code, ran.out) == (2, "")
    assert "its file was changed; make a new one with `sottovoce-client token --new`" in ran.err
    with open_profile(tmp_path / "p") as profile:
        held = PlayerToken(profile.folder, ledger_key=profile.ledger_key)
        assert not held.accepts(token)
        assert not held.accepts("")
    assert typed("token", "--new", "--dir", tmp_path / "p").code == 0


def test_it_outlives_a_rotation_of_the_keys_and_goes_with_an_erasure(headless, tmp_path):
    from tests.client.conftest import PASSPHRASE

    make_profile(tmp_path / "p")
    token = typed("token", "--dir", tmp_path / "p").out.strip()
    with open_profile(tmp_path / "p") as profile:
        profile.rotate_keys(PASSPHRASE)
    with open_profile(tmp_path / "p") as profile:
        assert player_token(profile.folder, ledger_key=profile.ledger_key) == token
    assert typed("erase", "--all", "--yes", "--dir", tmp_path / "p").code == 0
    assert not (tmp_path / "p").exists()


def test_another_profiles_token_opens_nothing(headless, tmp_path):
    for name in ("p", "q"):
        make_profile(tmp_path / name)
    token = typed("token", "--dir", tmp_path / "p").out.strip()
    typed("token", "--dir", tmp_path / "q")
    with open_profile(tmp_path / "q") as profile:
        assert not PlayerToken(profile.folder, ledger_key=profile.ledger_key).accepts(token)
