"""What a device does with a release: recommends with its model, and scans with its encoders where it has none."""

import hashlib
import threading
import time
from dataclasses import replace

import pytest

from client.enrolment.held import held_audio_encoder, held_lyrics_encoder, held_model, held_start
from client.enrolment.join import leave, refresh
from client.enrolment.keep_fresh import kept_fresh
from client.files import SETTINGS
from client.recommend.ask import prepare
from client.settings import change_settings
from server.distribution.publish import kept_as_start, publish
from server.keys.signing import release_signer
from shared_model.encoders import e5_folder
from shared_model.errors import BadInput
from shared_model.release_0.release_file import read_release_0, write_release_0
from shared_model.release_0.starter import STARTER

pytestmark = pytest.mark.integration


def model(path, name):
    write_release_0(replace(read_release_0(STARTER), name=name, file=None), path, half=True)
    return path


@pytest.fixture
def published(coordinator, tmp_path):
    def act(name, **more):
        file = model(tmp_path / f"{name}.safetensors", name)
        signer = release_signer(coordinator.place, coordinator.settings)
        return publish([file], place=coordinator.place, signer=signer, now_s=int(time.time()), **more)

    return act


@pytest.fixture
def encoders(tmp_path):
    folder = tmp_path / "e5-tiny"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_text(name)
    (tmp_path / "vae.safetensors").write_bytes(b"weights")
    return {"lyrics_encoder": folder, "audio_encoder": tmp_path / "vae.safetensors"}


def without_an_encoder(monkeypatch):
    def absent(*_):
        raise BadInput("not installed")

    monkeypatch.setattr(e5_folder, "installed_file", absent)


def recommends_with(profile):
    return prepare(profile).shelf.collection.release.name


def fresh(profile):
    return refresh(profile, rounds=profile.consents.rounds(), now_s=time.time()).release


def test_a_member_recommends_with_its_federations_model_until_it_leaves(coordinator, profile, joining, published):
    starter = recommends_with(profile)
    published("first")
    with coordinator.up():
        joining(coordinator.invite())
        assert recommends_with(profile) == "first"
        published("second")
        assert recommends_with(profile) == "first"
        fresh(profile)
        assert recommends_with(profile) == "second"
    leave(profile)
    assert recommends_with(profile) == starter


def test_what_the_owner_names_goes_before_the_federations(coordinator, profile, joining, published, tmp_path):
    published("federation")
    with coordinator.up():
        joining(coordinator.invite())
    named = model(tmp_path / "own", "own")
    assert recommends_with(replace(profile, settings=profile.settings.model_copy(update={"release": named}))) == "own"


def test_an_older_model_stays_while_rounds_train_from_it_and_goes_when_they_do_not(
    coordinator, profile, joining, published
):
    first = published("first").model
    with coordinator.up():
        joining(coordinator.invite())
        second = published("second", start=kept_as_start(first)).model
        fetched = fresh(profile)
        assert fetched.fetched == 1  # the first is here already
        assert {held_start(profile, each.sha256).name for each in (first, second)} == {first.sha256, second.sha256}
        assert held_model(profile).name == second.sha256
        published("third")
        fresh(profile)
    assert held_start(profile, first.sha256) is None
    assert len(list((profile.folder / "releases").iterdir())) == 1


def test_a_device_that_has_an_encoder_fetches_none(coordinator, profile, joining, published, encoders):
    published("model", **encoders)
    with coordinator.up():
        assert joining(coordinator.invite()).release.fetched == 1
    assert held_lyrics_encoder(profile) is None
    assert held_audio_encoder(profile) is None


def test_a_device_without_one_fetches_the_lyrics_encoder_once_as_its_library_wants_it(
    coordinator, profile, joining, published, encoders, monkeypatch
):
    without_an_encoder(monkeypatch)
    published("model", **encoders)
    with coordinator.up():
        assert joining(coordinator.invite()).release.fetched == 3
        published("newer", **encoders)
        assert fresh(profile).fetched == 1
    found = held_lyrics_encoder(profile)
    assert found.name == "e5-tiny"
    assert {path.name: path.read_text() for path in found.iterdir()} == {
        name: name for name in ("config.json", "model.safetensors")
    }
    assert held_lyrics_encoder(profile) == found
    assert held_audio_encoder(profile) is None


def test_encoders_come_when_they_are_asked_for(coordinator, profile, joining, published, encoders):
    published("model", **encoders)
    change_settings(profile.folder / SETTINGS, {"encoders.from_release": "true"})
    with coordinator.up():
        assert joining(coordinator.invite()).release.fetched == 4
    assert held_audio_encoder(profile).name == hashlib.sha256(b"weights").hexdigest()
    assert held_lyrics_encoder(profile).name == "e5-tiny"


def test_a_device_that_takes_part_fetches_what_is_newer_meanwhile(coordinator, profile, joining, published):
    stop = threading.Event()
    with coordinator.up():
        joining(coordinator.invite())
        newest = published("newer").model
        with kept_fresh(profile, stop=stop, every_s=3600, soonest_s=0) as ask_sooner:
            ask_sooner()
            ends = time.monotonic() + 60
            while held_model(profile) is None:
                assert time.monotonic() < ends
                time.sleep(0.1)
            stop.set()
    assert held_model(profile).name == newest.sha256
