"""Whom no round invites again."""

from shared_model.secagg.offenders import Offenders, read_offenders
from tests.shared_model.secagg.bad_devices import BAD


def test_repeated_offenders_are_not_invited_again(tmp_path):
    offenders = Offenders()
    file = tmp_path / "offenders.json"
    for expected in (True, True, False):
        assert offenders.may_be_invited(BAD) or not expected
        offenders.record({BAD})
        offenders.save(file)
        offenders = read_offenders(file)
    assert not offenders.may_be_invited(BAD)
    assert offenders.may_be_invited(1)
    file.write_text("[]")
    assert read_offenders(file).may_be_invited(BAD)  # lost: they are to be caught again, and no round stops
