"""Releases of what rounds have learned, made from checkpoints as rounds leave them."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from server import checkpoint
from server.deployment.books import aborted, open_books
from server.deployment.deployment import read_deployment
from server.distribution.publish import publish
from server.distribution.releases import Releases
from server.keys.signing import release_signer, release_verifier
from server.operations import releasing
from server.operations.deployed import begin_deployment
from server.operations.releasing import release_rounds
from server.operations.status import read_status
from server.round import RoundRecord
from shared_model.errors import BadInput
from shared_model.release_0.release_file import read_release_0, write_release_0
from shared_model.release_0.starter import STARTER
from shared_model.training.release_model import model_without_tracks
from shared_model.wire.release_manifest import Part
from tests.server.coordinator import made, small_settings


class Rounds:
    """A coordinator whose rounds are finished by hand, as `server.deployment.app` finishes them."""

    def __init__(self, root, **plan):
        values = {"population": 4, "cohort": 3, "minimum_cohort": 2, "rounds": 4, "delta": 1e-3} | plan
        self.settings = small_settings(*(f"plan.{name}={value}" for name, value in values.items()))
        self.place = made(root, self.settings)

    def begin(self):
        self.folder = begin_deployment(self.place, self.settings)
        self.deployment = read_deployment(self.folder)
        self.books = open_books(self.folder, self.deployment)
        self.state = self.books.recovered()

    def play(self, *, released=True, log=True):
        self.books.announce(self.state)
        if released:
            number = self.state.round + 1
            record = RoundRecord(
                round=number,
                invited=3,
                answered=3,
                declined=0,
                update_norm=0.1,
                noise_norm=0.1,
                bytes_down=0,
                bytes_up=0,
            )
            step = torch.randn(len(self.state.vector), generator=torch.Generator().manual_seed(number)) / 100
            records = (*self.state.records, record)
            self.state = replace(self.state, round=number, vector=self.state.vector + step, records=records)
        else:
            self.state = aborted(self.state)
        if log:
            self.books.concluded(self.state)
        else:
            checkpoint.save(self.state, self.folder / "rounds")

    def release(self, every=2, now_s=7):
        return release_rounds(self.place, self.settings, every=every, now_s=now_s)

    def publish(self, *files, **more):
        signer = release_signer(self.place, self.settings)
        return publish(files, place=self.place, signer=signer, now_s=5, **more)

    def newest(self):
        return Releases(self.place.releases).newest(release_verifier(self.place, self.settings))

    def model(self):
        return read_release_0(Releases(self.place.releases).content_of(self.newest().model))


@pytest.fixture
def rounds(tmp_path):
    return Rounds(tmp_path / "s")


def other_model(path, name="another"):
    write_release_0(replace(read_release_0(STARTER), name=name, file=None), path, half=True)
    return path


def test_a_release_is_due_every_so_many_rounds_and_after_the_last(rounds):
    rounds.begin()
    released = []
    for _ in range(4):
        rounds.play()
        made_ = rounds.release(every=3)
        released.append(made_ and (made_.number, made_.learned.round))
    assert released == [None, None, (1, 3), (2, 4)]
    assert rounds.release(every=3) is None


def test_it_scores_as_the_adapted_model_of_the_rounds(rounds):
    rounds.begin()
    rounds.play()
    rounds.play()
    rounds.release()
    learning, begun = rounds.deployment.learning, read_release_0(STARTER)
    adapted = model_without_tracks(begun.head, rank=learning.rank, seed=learning.seed).head
    layout = rounds.books.logged.layout
    adapted.load_state_dict(layout.tensors(rounds.state.vector), strict=False)
    found = rounds.model()
    vectors = next(iter(begun.modalities.values())).vectors[:50].astype(np.float32)
    # an oracle by hand: W + B A, with A drawn from the plan's seed
    generator = torch.Generator().manual_seed(learning.seed)
    first = torch.randn(learning.rank, vectors.shape[1], generator=generator) / vectors.shape[1] ** 0.5
    by_hand = begun.head.parameters["inward.0.weight"] + (adapted.inward[0].up.weight @ first).detach().numpy()
    assert np.allclose(found.head.parameters["inward.0.weight"], by_hand, atol=1e-6)
    assert not np.allclose(found.head.parameters["inward.0.weight"], begun.head.parameters["inward.0.weight"])
    assert found.tracks.ids[3] == begun.tracks.ids[3]
    assert np.array_equal(next(iter(found.modalities.values())).vectors[:50].astype(np.float32), vectors)


def test_its_manifest_says_what_was_spent_and_what_it_began_with(rounds):
    rounds.begin()
    rounds.play()
    rounds.play()
    made_ = rounds.release()
    spent = made_.learned.spent
    status = read_status(rounds.place, rounds.settings)
    assert (spent.epsilon, made_.learned.delta) == (status.spent.epsilon, 1e-3)
    assert (spent.unit, spent.relation, spent.adversary) == (
        status.spent.unit,
        status.spent.relation,
        status.spent.adversary,
    )
    assert spent.trust is rounds.deployment.plan.trust
    assert made_.learned.start_sha256 == hashlib.sha256(STARTER.read_bytes()).hexdigest()
    assert (status.release, status.release_round) == (1, 2)
    assert json.dumps(status.as_json())


def test_killed_before_it_was_entered_it_is_made_again_byte_by_byte(rounds, monkeypatch):
    rounds.begin()
    rounds.play()
    rounds.play()

    class Killed(BaseException):
        pass

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("server.distribution.publish.write_atomically", killed)
        with pytest.raises(Killed):
            rounds.release()
    assert rounds.newest() is None
    (left,) = [path.name for path in (rounds.place.releases / "files").iterdir()]
    (rounds.place.releases / "files" / ".cut-off").write_bytes(b"half")
    made_ = rounds.release()
    assert (made_.number, made_.model.sha256) == (1, left)
    assert [path.name for path in (rounds.place.releases / "files").iterdir()] == [left]
    assert rounds.release() is None


def test_a_round_that_the_log_does_not_know_to_be_over_is_in_no_release(rounds):
    rounds.begin()
    rounds.play()
    rounds.play(log=False)
    assert rounds.release() is None
    rounds.books.recovered()
    assert rounds.release().learned.round == 2


def test_rounds_that_were_all_aborted_make_no_release(rounds):
    rounds.begin()
    for _ in range(4):
        rounds.play(released=False)
    assert rounds.release() is None


def test_rounds_train_from_the_model_that_was_published_and_devices_that_join_later_get_it(rounds, tmp_path):
    given = rounds.publish(other_model(tmp_path / "release-0.safetensors"))
    rounds.begin()
    assert rounds.deployment.learning.release == given.model.sha256
    rounds.play()
    rounds.play()
    half_way = rounds.release()
    assert half_way.learned.start_sha256 == given.model.sha256
    assert [file.sha256 for file in half_way.of(Part.START)] == [given.model.sha256]
    assert rounds.model().name == f"another, {rounds.deployment.run} round 2"
    rounds.play()
    rounds.play()
    assert rounds.release().of(Part.START) == ()  # nothing trains any more


def test_encoders_stay_when_rounds_make_a_release(rounds, tmp_path):
    folder = tmp_path / "e5-tiny"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (tmp_path / "vae").write_bytes(b"weights")
    given = rounds.publish(other_model(tmp_path / "release-0"), lyrics_encoder=folder, audio_encoder=tmp_path / "vae")
    assert [file.name for file in given.of(Part.LYRICS_ENCODER)] == ["e5-tiny/config.json"]
    rounds.begin()
    rounds.play()
    rounds.play()
    made_ = rounds.release()
    for part in (Part.LYRICS_ENCODER, Part.AUDIO_ENCODER):
        assert made_.of(part) == given.of(part) != ()


def test_rounds_never_take_back_a_model_that_the_operator_published_meanwhile(rounds, tmp_path):
    rounds.begin()
    rounds.play()
    rounds.play()
    rounds.publish(other_model(tmp_path / "release-0", "newer"))
    assert rounds.release() is None
    assert rounds.model().name == "newer"


def test_without_the_release_key_nothing_is_released_until_it_is_back(rounds):
    rounds.begin()
    rounds.play()
    rounds.play()
    elsewhere = rounds.place.release_key.with_name("elsewhere")
    rounds.place.release_key.rename(elsewhere)
    with pytest.raises(BadInput, match="cannot be read"):
        rounds.release()
    elsewhere.rename(rounds.place.release_key)
    assert rounds.release().number == 1


def test_a_damaged_model_is_not_published(rounds, tmp_path):
    file = other_model(tmp_path / "release-0")
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(BadInput, match="whole"):
        rounds.publish(file)
    assert rounds.newest() is None


def test_the_model_is_the_same_bytes_each_time(rounds, tmp_path):
    rounds.begin()
    rounds.play()
    for name in ("a", "b"):
        releasing.write_model(rounds.deployment, rounds.state, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
