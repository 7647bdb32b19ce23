"""join and leave, as they are typed."""

import json

import pytest

from client.commands.join import join
from client.commands.leave import leave
from client.consent.purpose import Purpose
from client.profile import open_profile
from shared_model.errors import Refused

pytestmark = pytest.mark.integration


def test_join_takes_a_file_or_a_line_and_leave_ends_it(coordinator, profile, tmp_path, capsys):
    coordinator.publish(head=b"the head")
    invitation = coordinator.invite()
    (tmp_path / "inv").write_text(invitation.text + "\n")
    with coordinator.up():
        join(str(tmp_path / "inv"), enrol_only=True, folder=profile.folder)
        assert capsys.readouterr().out == "This device is in the federation forelle. Its release 1 is here, checked.\n"
        join(invitation.text, enrol_only=True, folder=profile.folder, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"federation": "forelle", "release": 1, "fetched": 0}
    leave(folder=profile.folder)
    leave(folder=profile.folder, as_json=True)
    said = capsys.readouterr().out.splitlines()
    assert said == ["Left. What was spent stays in the ledger.", '{"left": false}']


def test_join_without_consent_says_how_to_agree(coordinator, folder):
    with open_profile(folder) as profile:
        profile.consents.decide(Purpose.LISTENING, granted=True, at_s=1)
    with pytest.raises(Refused, match="consent grant rounds"):
        join(coordinator.invite().text, folder=folder)
