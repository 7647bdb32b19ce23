import pytest

from shared_model.wire import distribution_pb2, generate, refusal


def test_every_refusal_has_a_sentence():
    assert set(refusal.SENTENCES) == set(refusal.Refusal)


def test_the_stubs_know_every_message_of_the_proto():
    text = (generate.HERE / "distribution.proto").read_text()
    named = {line.split()[1].rstrip("{}") for line in text.splitlines() if line.startswith("message ")}
    assert named == set(distribution_pb2.DESCRIPTOR.message_types_by_name)


def test_the_stubs_are_what_the_proto_gives(tmp_path):
    pytest.importorskip("grpc_tools", reason="needs grpcio-tools==1.74.0, which only development does")
    generate.main(tmp_path)
    for name in generate._MADE:
        assert (tmp_path / "shared_model/wire" / name).read_text() == (generate.HERE / name).read_text()
