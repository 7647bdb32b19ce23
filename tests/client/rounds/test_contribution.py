import hashlib
import json
from dataclasses import replace

import pytest
import torch

from client.consent.consents import Consents
from client.consent.purpose import Purpose
from client.eligibility.verdict import Verdict
from client.ledger.ledger import create_ledger, open_ledger
from client.ledger.mirror import FileMirror
from client.rounds.contribution import Invitation, Learned, Rules, contribute
from shared_model.books.entries import Joined, Opened
from shared_model.books.gate import OwnLimits
from shared_model.errors import Refused
from shared_model.privacy.spent import Relation, Trust
from shared_model.release import model_hash
from shared_model.round_invitation import Learning
from shared_model.training.examples import take
from tests.shared_model.books.conftest import invented_rounds, signer  # noqa: F401 - a fixture
from tests.shared_model.books.test_gate import proof_of

LIMITS = OwnLimits(
    largest_clip_norm=1.0,
    smallest_noise_multiplier=1.0,
    smallest_cohort=20,
    smallest_minimum_cohort=5,
    trust=Trust.CENTRAL,
)
GO = Verdict(allowed=True, reason=None)


class Device:
    def __init__(self, tmp_path, history, federation, signer):  # noqa: F811
        self.file = {"path": tmp_path / "ledger.jsonl", "key": bytes(32), "mirror": FileMirror(tmp_path / "mirror")}
        budget = Opened(device_cap=30.0, delta=1e-5, max_participations=9, monthly_cap=30.0)
        create_ledger(opened=budget, **self.file)
        key = hashlib.sha256(signer.verifier.public_key).hexdigest()
        with open_ledger(**self.file) as ledger:
            ledger.append(Joined(log_key_sha256=key))
        consents = Consents(history)
        for purpose in (Purpose.LISTENING, Purpose.ROUNDS):
            consents.decide(purpose, granted=True, at_s=1)
        self.consents, self.signer, self.model = consents, signer, federation.model
        self.examples = take(federation.examples, slice(3, 4))
        self.learning = Learning(
            release="ab" * 32, training=federation.training, rank=4, seed=7, examples=64, candidates=48
        )
        self.parameters = self.model.vector()
        self.read = []

    def rules(self, **changes):
        limits = replace(LIMITS, **changes)
        return Rules(pinned=self.signer.verifier, limits=limits, learning=self.learning, month="2026-11")

    def proof(self, rounds=1, **changes):
        hash_ = model_hash(self.model.layout.tensors(self.parameters))
        leaves = invented_rounds(
            rounds, **({"model_sha256": hash_, "learning_sha256": self.learning.sha256} | changes)
        )[:-1]
        with open_ledger(**self.file) as ledger:
            seen = max((each.size for each in ledger.entries if hasattr(each, "size")), default=0)
        return proof_of(leaves, 2 * rounds - 2, self.signer, seen=seen)

    def examples_of(self, consent, holding_out):
        """Notes what was on disk when the plays were asked for."""
        self.read.append([json.loads(line)["entry"]["kind"] for line in self.file["path"].read_text().splitlines()])
        assert consent.purpose is Purpose.LISTENING
        assert not holding_out  # no round here asks for quality
        return Learned(model=self.model, examples=self.examples)

    def take_part(self, proof=None, *, rules=None, eligible=GO, parameters=None):
        invitation = Invitation(
            parameters=self.parameters if parameters is None else parameters, proof=proof or self.proof()
        )
        with open_ledger(**self.file) as ledger:
            return contribute(
                invitation,
                self.model.layout,
                self.examples_of,
                listening=self.consents.listening(),
                rounds=self.consents.rounds(),
                eligible=eligible,
                ledger=ledger,
                rules=rules or self.rules(),
            )

    def kinds(self):
        return [json.loads(line)["entry"]["kind"] for line in self.file["path"].read_text().splitlines()]


@pytest.fixture
def device(tmp_path, history, tiny_federation, signer):  # noqa: F811
    return Device(tmp_path, history, tiny_federation, signer)


def test_line_1_the_debit_is_on_disk_before_the_plays_are_read(device):
    update = device.take_part()
    assert device.read == [["opened", "joined", "debit", "checkpoint"]]
    assert 0 < float(update.norm()) <= 0.5
    assert update.shape == device.parameters.shape


def test_a_round_is_debited_once_and_the_next_one_goes_on(device):
    proof = device.proof(1)
    device.take_part(proof)
    with pytest.raises(Refused, match="declines"):
        device.take_part(proof)
    device.take_part(device.proof(2))
    assert device.kinds() == ["opened", "joined", *["debit", "checkpoint"] * 2]


def refuses(device, says, **asked):
    before = device.file["path"].read_bytes()
    with pytest.raises(Refused, match=says):
        device.take_part(**asked)
    assert device.file["path"].read_bytes() == before
    assert device.read == []


def test_line_26_nothing_is_read_or_debited_for_a_round_beyond_the_devices_own_limits(device):
    refuses(device, "clip norm 2", proof=device.proof(clip_norm=2.0))
    refuses(device, "noise multiplier 0.5", proof=device.proof(noise_multiplier=0.5))
    refuses(device, "no proof", proof=replace(device.proof(), inclusion=(b"\0" * 32,)))
    refuses(device, "central trust", rules=device.rules(trust=Trust.LOCAL))


def test_line_26_parameters_that_were_not_announced_are_refused(device):
    refuses(device, "not those that were announced", parameters=device.parameters + 1e-3)


def test_line_26_a_device_learns_by_nothing_that_was_not_announced(device):
    training = replace(device.learning.training, learning_rate=device.learning.training.learning_rate * 2)
    for told in ({"training": training}, {"rank": 5}, {"seed": 8}, {"examples": 65}, {"candidates": 49}):
        rules = replace(device.rules(), learning=replace(device.learning, **told))
        refuses(device, "otherwise than was announced", rules=rules)
    refuses(device, "otherwise than was announced", proof=device.proof(learning_sha256=None))


def test_a_device_that_may_not_work_now_declines(device):
    refuses(device, "waiting: on battery", eligible=Verdict(allowed=False, reason="waiting: on battery"))


def test_line_29_withdrawal_works_before_the_next_round(device):
    device.take_part()
    device.consents.decide(Purpose.ROUNDS, granted=False, at_s=2)
    with pytest.raises(Refused, match="was withdrawn"):
        device.take_part(device.proof(2))
    assert device.kinds() == ["opened", "joined", "debit", "checkpoint"]


def test_line_32_a_ledger_that_was_rolled_back_gives_nothing_more(device):
    old = device.file["path"].read_bytes()
    device.take_part()
    device.file["path"].write_bytes(old)
    with pytest.raises(Refused, match="rolled back"):
        device.take_part(device.proof(2))


def test_training_that_fails_is_not_refunded(device):
    device.examples_of = lambda *_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        device.take_part()
    assert device.kinds() == ["opened", "joined", "debit", "checkpoint"]


def test_line_15_with_local_trust_noise_of_the_operating_system_is_added_and_no_seed_reaches_it(device):
    intent = invented_rounds(1)[0]
    local = replace(intent.epsilon_after, trust=Trust.LOCAL, relation=Relation.REPLACE_ONE)
    changes = {"epsilon_before": local, "epsilon_after": local, "clip_norm": 0.1}
    noised = []
    for number in (1, 2):
        torch.manual_seed(0)
        noised.append(device.take_part(device.proof(number, **changes), rules=device.rules(trust=Trust.LOCAL)))
    assert not torch.equal(noised[0], noised[1])
    deviation = torch.cat(noised).std()
    assert deviation == pytest.approx(1.25 * 0.1, rel=0.35)
