from pathlib import Path

import pytest

from server.deployment.nodes import read_nodes, write_nodes
from shared_model.errors import BadInput, Refused


def test_numbers_keep_their_nodes(tmp_path: Path) -> None:
    assert read_nodes(tmp_path, population=3) == {}
    write_nodes(tmp_path, {3: 2**63 + 1, 1: 7})
    assert read_nodes(tmp_path, population=3) == {1: 7, 3: 2**63 + 1}


def test_line_2_more_devices_than_the_plan_counts_are_refused(tmp_path: Path) -> None:
    write_nodes(tmp_path, {1: 7, 4: 8})
    with pytest.raises(Refused, match="device 4 is registered, and the plan counts 3"):
        read_nodes(tmp_path, population=3)
    assert read_nodes(tmp_path, population=4) == {1: 7, 4: 8}


def test_a_damaged_list_is_a_sentence(tmp_path: Path) -> None:
    for content in (b"{", b"[1]", b'{"a": 1}'):
        (tmp_path / "nodes.json").write_bytes(content)
        with pytest.raises(BadInput, match="write it anew"):
            read_nodes(tmp_path, population=3)
