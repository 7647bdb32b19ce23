"""The service as it answers over the network, to devices that lie."""

import hashlib
import logging
import socket
import ssl
import threading
import time
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.distribution.publish import publish
from server.distribution.server import NAME, DistributionServer, Limits
from server.keys.signing import log_signer, log_verifier, release_signer
from server.round_log.log import RoundLog
from shared_model.books.entries import Joined, Opened
from shared_model.books.gate import LogProof, OwnLimits, require_logged
from shared_model.errors import BadInput
from shared_model.privacy.spent import Trust
from shared_model.wire import distribution_pb2 as wire
from shared_model.wire.distribution_pb2_grpc import DistributionStub
from shared_model.wire.head import open_head
from shared_model.wire.node_key import fingerprint, new_node_key, public_der, sign_request
from shared_model.wire.refusal import Refusal
from tests.server.coordinator import free_port, invited, made, registry_of, small_settings
from tests.server.distribution.conftest import Served, Speaker
from tests.shared_model.books.conftest import invented_rounds

pytestmark = pytest.mark.integration


def refused(act) -> str:
    """The one word that a refusal says."""
    with pytest.raises(grpc.RpcError) as error:
        act()
    return str(error.value.details())


def head(speaker: Speaker, *, seen_size: int = 0):
    return speaker.stub.GetHead(speaker.signed("GetHead", wire.HeadRequest(seen_size=seen_size)), timeout=10)


def test_an_enrolled_device_gets_the_head_and_others_do_not(served: Served):
    found = open_head(head(served.enrolled()).head, log_verifier(served.place, served.settings))
    assert found.checkpoint.size == 0
    assert found.release is None
    assert abs(found.at_s - time.time()) < 60
    stranger = served.speaker()
    assert refused(lambda: head(stranger)) == Refusal.DEVICE_UNKNOWN


def test_a_request_that_was_sent_before_is_refused(served: Served):
    speaker = served.enrolled()
    request = speaker.signed("GetHead", wire.HeadRequest())
    speaker.stub.GetHead(request, timeout=10)
    assert refused(lambda: speaker.stub.GetHead(request, timeout=10)) == Refusal.NONCE_SPENT
    second = served.speaker()
    assert refused(lambda: second.stub.GetHead(request, timeout=10)) == Refusal.NONCE_SPENT


def test_a_replayed_enrolment_is_refused_and_only_a_new_nonce_gets_the_same_answer(served: Served):
    speaker, secret = served.speaker(), invited(served.place, served.settings).secret
    request = speaker.enrolling(secret)
    first = speaker.stub.Enrol(request, timeout=10)
    assert refused(lambda: speaker.stub.Enrol(request, timeout=10)) == Refusal.NONCE_SPENT
    assert speaker.enrol(secret) == first
    assert first.registration_number == 1
    assert first.superlink_address == "localhost:9092"


def test_a_signature_for_one_method_is_none_for_another(served: Served):
    speaker = served.enrolled()
    request = speaker.signed("GetHead", wire.HeadRequest())
    assert refused(lambda: speaker.stub.GetRelease(request, timeout=10)) == Refusal.SIGNATURE_WRONG


def test_nobody_enrols_with_a_key_that_is_not_his(served: Served):
    speaker, victim = served.speaker(), served.speaker()
    secret = invited(served.place, served.settings).secret
    request = speaker.enrolling(secret)
    request.public_key = victim.public
    assert refused(lambda: speaker.stub.Enrol(request, timeout=10)) == Refusal.SIGNATURE_WRONG
    request.public_key = b"no key"
    assert refused(lambda: speaker.stub.Enrol(request, timeout=10)) == Refusal.KEY_UNFIT
    assert served.speaker().enrol(secret).registration_number == 1


def test_a_nonce_that_the_coordinator_never_gave_is_refused(served: Served):
    speaker = served.enrolled()
    made_up = speaker.signed("GetHead", wire.HeadRequest(), nonce=bytes(56))
    assert refused(lambda: speaker.stub.GetHead(made_up, timeout=10)) == Refusal.NONCE_SPENT


def test_every_kind_of_bad_invitation_is_told_apart(served: Served):
    place, settings = served.place, served.settings
    used = invited(place, settings, "used").secret
    served.speaker().enrol(used)
    revoked = invited(place, settings, "revoked").secret
    registry_of(place).revoke("revoked", now_s=1)
    expired = invited(place, settings, "expired", now_s=1000).secret
    for secret, reason in (
        (used, Refusal.INVITATION_USED),
        (revoked, Refusal.INVITATION_REVOKED),
        (expired, Refusal.INVITATION_EXPIRED),
        ("00" * 32, Refusal.INVITATION_UNKNOWN),
    ):
        assert refused(lambda secret=secret: served.speaker().enrol(secret)) == reason


def test_a_federation_has_no_more_devices_than_its_plan_counts(tmp_path: Path):
    settings = small_settings("plan.population=1", "plan.cohort=1", "plan.minimum_cohort=1", distribution=free_port())
    place = made(tmp_path / "s", settings)
    one, two = invited(place, settings, "one").secret, invited(place, settings, "two").secret
    credentials = grpc.ssl_channel_credentials(root_certificates=place.authority.read_bytes())
    with (
        DistributionServer(place, settings),
        grpc.secure_channel(settings.distribution_address, credentials) as channel,
    ):
        first, second = (Speaker(stub=DistributionStub(channel), key=new_node_key()) for _ in range(2))
        assert first.enrol(one).registration_number == 1
        assert refused(lambda: second.enrol(two)) == Refusal.FEDERATION_FULL
    with pytest.raises(BadInput, match="the plan counts no more"):
        invited(place, settings, "three")


def test_of_devices_that_redeem_at_once_over_the_network_exactly_one_is_in(served: Served):
    secret = invited(served.place, served.settings).secret
    speakers = [served.speaker() for _ in range(6)]
    requests = [speaker.enrolling(secret) for speaker in speakers]
    barrier, answers = threading.Barrier(len(speakers)), []

    def enrol(speaker, request):
        barrier.wait()
        try:
            answers.append(speaker.stub.Enrol(request, timeout=20).registration_number)
        except grpc.RpcError as error:
            answers.append(error.details())

    threads = [threading.Thread(target=enrol, args=pair) for pair in zip(speakers, requests, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["1", *["invitation-used"] * 5]
    assert len(registry_of(served.place).devices()) == 1


def test_revoking_works_on_the_next_request_and_within_a_download(served: Served, tmp_path: Path):
    speaker = served.enrolled()
    content = bytes(1 << 20) * 40
    (tmp_path / "large").write_bytes(content)
    signer = release_signer(served.place, served.settings)
    file = publish([tmp_path / "large"], place=served.place, signer=signer, now_s=1).files[0]
    asked = wire.FileRequest(sha256=bytes.fromhex(file.sha256))
    stream = speaker.stub.GetFile(speaker.signed("GetFile", asked), timeout=20)
    received = len(next(stream).content)
    registry_of(served.place).revoke("phone", now_s=5)

    def drain():
        nonlocal received
        for chunk in stream:
            received += len(chunk.content)

    assert refused(drain) == Refusal.DEVICE_REVOKED
    assert received < len(content)
    assert refused(lambda: head(speaker)) == Refusal.DEVICE_REVOKED


def test_a_file_is_given_from_the_offset_on_and_by_its_hash_alone(served: Served, tmp_path: Path):
    speaker = served.enrolled()
    content = bytes(range(256)) * 4000
    (tmp_path / "file").write_bytes(content)
    signer = release_signer(served.place, served.settings)
    publish([tmp_path / "file"], place=served.place, signer=signer, now_s=1)

    def get(sha256: bytes, offset: int = 0) -> bytes:
        request = speaker.signed("GetFile", wire.FileRequest(sha256=sha256, offset=offset))
        return b"".join(chunk.content for chunk in speaker.stub.GetFile(request, timeout=10))

    sha256 = hashlib.sha256(content).digest()
    assert get(sha256) == content
    assert get(sha256, 700_001) == content[700_001:]
    assert get(sha256, len(content) + 5) == b""
    assert get(sha256, -3) == content
    for asked in (b"../../keys/ca.key.pem", b"", bytes(33), b"/etc/passwd"):
        assert refused(lambda asked=asked: get(asked)) == Refusal.REQUEST_MALFORMED
    assert refused(lambda: get(bytes(32))) == Refusal.FILE_UNKNOWN


def test_a_message_that_is_too_long_or_no_message_is_refused(served: Served):
    speaker = served.enrolled()
    long = wire.SignedRequest(node=bytes(32), body=bytes(70_000))
    with pytest.raises(grpc.RpcError) as error:
        speaker.stub.GetHead(long, timeout=10)
    assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    nonce, body = speaker.nonce(), b"\xff\xff\xff"
    garbled = speaker.signed("GetHead", wire.HeadRequest(), nonce=nonce)
    garbled.body = body
    garbled.signature = sign_request(speaker.key, method="GetHead", nonce=nonce, body=body)
    assert refused(lambda: speaker.stub.GetHead(garbled, timeout=10)) == Refusal.REQUEST_MALFORMED
    for unfit in (wire.SignedRequest(), wire.SignedRequest(node=b"x" * 5000)):
        assert refused(lambda unfit=unfit: speaker.stub.GetHead(unfit, timeout=10)) == Refusal.DEVICE_UNKNOWN
    assert refused(lambda: speaker.stub.Enrol(wire.EnrolRequest(), timeout=10)) == Refusal.REQUEST_MALFORMED


def test_a_round_is_proved_as_the_devices_gate_asks_for(served: Served):
    speaker = served.enrolled()
    signer = log_signer(served.place, served.settings)
    log = RoundLog(served.place.log, verifier=signer.verifier, signer=signer)
    for leaf in invented_rounds(3):
        log.append(leaf)
    asked = wire.ProofRequest(run="run-1", round=3, seen_size=0)
    found = speaker.stub.GetProof(speaker.signed("GetProof", asked), timeout=10)
    proof = LogProof(
        leaf=found.leaf,
        index=found.index,
        checkpoint=found.head,
        inclusion=tuple(found.inclusion),
        consistency=tuple(found.consistency),
    )
    pinned = signer.verifier
    key_sha256 = hashlib.sha256(pinned.public_key).hexdigest()
    entries = [Opened(device_cap=None, delta=1e-6, max_participations=5), Joined(log_key_sha256=key_sha256)]
    limits = OwnLimits(
        largest_clip_norm=1,
        smallest_noise_multiplier=0.5,
        smallest_cohort=2,
        smallest_minimum_cohort=2,
        trust=Trust.CENTRAL,
    )
    admitted = require_logged(proof, pinned=pinned, entries=entries, limits=limits)
    assert (admitted.intent.round, admitted.debit.log_index, admitted.seen.size) == (3, 4, 6)

    later = wire.ProofRequest(run="run-1", round=9)
    asked_later = speaker.signed("GetProof", later)
    assert refused(lambda: speaker.stub.GetProof(asked_later, timeout=10)) == Refusal.ROUND_UNKNOWN
    assert refused(lambda: head(speaker, seen_size=7)) == Refusal.LOG_SHORTER
    assert refused(lambda: head(speaker, seen_size=-1)) == Refusal.LOG_SHORTER


def test_the_standard_health_service_answers(served: Served):
    credentials = grpc.ssl_channel_credentials(root_certificates=served.place.authority.read_bytes())
    with grpc.secure_channel(served.settings.distribution_address, credentials) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for name in ("", NAME):
            found = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
            assert found.status == health_pb2.HealthCheckResponse.SERVING


def test_a_coordinator_that_is_damaged_inside_tells_nothing_of_it(served: Served):
    speaker = served.enrolled()
    (served.place.log / "checkpoint").unlink()
    assert refused(lambda: head(speaker)) == "failed"


def test_the_log_of_events_names_no_device_no_label_and_no_secret(served: Served, caplog):
    caplog.set_level(logging.DEBUG)
    invitation = invited(served.place, served.settings, "grandmothers-phone")
    speaker = served.speaker()
    speaker.enrol(invitation.secret)
    head(speaker)
    refused(lambda: served.speaker().enrol(invitation.secret))
    said = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "device.enrolled" in said
    assert "invitation-used" in said
    planted = ("grandmother", invitation.secret, speaker.public.hex(), hashlib.sha256(speaker.public).hexdigest())
    assert [text for text in planted if text in said] == []


def test_a_second_coordinator_on_the_same_port_is_a_sentence(served: Served, capfd):
    with pytest.raises(BadInput, match="is another program there"):
        DistributionServer(served.place, served.settings).start()
    capfd.readouterr()


def test_what_slow_peers_hold_is_bounded_and_others_are_served_again(tmp_path: Path):
    settings = small_settings(distribution=free_port())
    place = made(tmp_path / "s", settings)
    limits = Limits(workers=8, streams=4, handshake_s=1.0, idle_s=1.0, age_s=1.0, grace_s=0.5)
    address = ("127.0.0.1", settings.ports.distribution)
    credentials = grpc.ssl_channel_credentials(root_certificates=place.authority.read_bytes())
    ending = threading.Event()

    def never():
        ending.wait(30)
        yield from ()

    with DistributionServer(place, settings, limits=limits):
        silent = [socket.create_connection(address, timeout=10) for _ in range(20)]
        context = ssl.create_default_context(cafile=place.authority)
        context.set_alpn_protocols(["h2"])
        quiet = context.wrap_socket(socket.create_connection(address, timeout=10), server_hostname="localhost")
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        channels = [grpc.secure_channel(settings.distribution_address, credentials, options=options) for _ in range(4)]
        half = [  # each takes a worker, and never sends what it announced
            channel.stream_unary("/sottovoce.distribution.v1.Distribution/Enrol").future(never())
            for channel in channels
            for _ in range(4)
        ]
        time.sleep(0.5)
        began_s = time.monotonic()
        honest = _until_answered(settings.distribution_address, credentials, deadline_s=15)
        took_s = time.monotonic() - began_s
        ended = [_reads_end(each) for each in [*silent, quiet]]
        ending.set()
        for call in half:
            call.cancel()
        for channel in channels:
            channel.close()
    assert honest
    assert took_s < 10
    assert all(ended)


def _until_answered(address: str, credentials, *, deadline_s: float) -> bool:
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
    end_s = time.monotonic() + deadline_s
    while time.monotonic() < end_s:
        with grpc.secure_channel(address, credentials, options=options) as channel:
            try:
                health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
            except grpc.RpcError:
                time.sleep(0.1)
                continue
            return True
    return False


def _reads_end(connection: socket.socket) -> bool:
    """Whether the other side closes it, within its timeout."""
    with connection:
        try:
            while connection.recv(65_536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
    return True


def key_request(speaker, new, *, prover=None):
    public = public_der(new.public_key())
    proof = sign_request(prover or new, method="ReplaceKey", nonce=fingerprint(speaker.public), body=public)
    return speaker.signed("ReplaceKey", wire.KeyRequest(public_key=public, signature=proof))


@pytest.mark.parametrize("whose", ["the old key's", "another device's"])
def test_a_new_key_is_taken_only_from_who_holds_it_and_of_nobody_else(served, whose):
    phone, tablet = served.enrolled("phone"), served.enrolled("tablet")
    if whose == "the old key's":
        request, wanted = key_request(phone, new_node_key(), prover=phone.key), Refusal.SIGNATURE_WRONG
    else:
        request, wanted = key_request(phone, tablet.key), Refusal.KEY_IN_USE
    with pytest.raises(grpc.RpcError) as refused:
        phone.stub.ReplaceKey(request, timeout=10)
    assert refused.value.details() == wanted.value
    assert {device.public_key for device in registry_of(served.place).devices()} == {phone.public, tablet.public}
