from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.errors import BadInput
from shared_model.head.batch import Batch, Tables
from shared_model.head.head import AttentiveFusionHead
from shared_model.head.inference import FrozenHead, Rows, Scored
from shared_model.head.moment import MOMENT_FEATURES
from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.head.shape import HeadShape
from shared_model.memory.channels import CHANNELS
from shared_model.memory.moments import HISTORY_LENGTH, Situation
from shared_model.memory.vectors import WholeVectors

SIZES = {"lyrics": 11, "audio": 5, "tags": 3}


def random_head(shape: HeadShape, seed: int) -> AttentiveFusionHead:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = AttentiveFusionHead(shape)
        with torch.no_grad():
            for parameter in head.parameters():
                parameter += 0.2 * torch.randn(parameter.shape)
    return head


def frozen(head: AttentiveFusionHead) -> FrozenHead:
    return FrozenHead(shape=head.shape, parameters={name: value.numpy() for name, value in head.state_dict().items()})


def asked(moments: int, tracks: int, candidates: int, draw: np.random.Generator) -> Batch:
    """Some moments have few listens or none, and most answers are missing."""
    history = draw.integers(tracks, size=(moments, HISTORY_LENGTH))
    history[np.arange(HISTORY_LENGTH) < draw.integers(HISTORY_LENGTH + 1, size=moments)[:, None]] = -1
    state = draw.uniform(-1, 1, size=(moments, len(STATE_FEATURES)))
    state[draw.random(state.shape) < 0.5] = np.nan
    arrays = {
        "history": history,
        "hours": draw.exponential(30, size=history.shape).astype(np.float32),
        "state": state.astype(np.float32),
        "moment": draw.random((moments, len(MOMENT_FEATURES))).astype(np.float32),
        "record": draw.random((moments, len(CHANNELS))).astype(np.float32),
        "candidates": draw.integers(tracks, size=(moments, candidates)),
        "evidence": draw.exponential(0.3, size=(moments, len(CHANNELS), candidates)).astype(np.float16),
    }
    return Batch(**{name: torch.from_numpy(array) for name, array in arrays.items()})


def score(head: FrozenHead, batch: Batch, tables: Tables) -> Scored:
    arrays = {name: field.numpy() for name, field in batch._asdict().items()}
    candidates, evidence = arrays.pop("candidates"), arrays.pop("evidence")
    rows = zip(tables.candidates, tables.present, strict=True)
    catalogue = tuple(Rows(vectors=WholeVectors(vectors.numpy()), present=present.numpy()) for vectors, present in rows)
    return head.score(Situation(**arrays), candidates, evidence, catalogue)


@settings(deadline=None, max_examples=80)
@given(
    names=st.sets(st.sampled_from(sorted(SIZES))),
    width=st.integers(1, 9),
    attention_width=st.integers(1, 6),
    moments=st.integers(1, 5),
    tracks=st.integers(1, 12),
    candidates=st.integers(1, 9),
    present=st.sampled_from([0.0, 0.6, 1.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_it_says_what_the_head_that_was_trained_says(
    names: set[str],
    width: int,
    attention_width: int,
    moments: int,
    tracks: int,
    candidates: int,
    present: float,
    seed: int,
) -> None:
    draw, chosen = np.random.default_rng(seed), sorted(names)
    shape = HeadShape(
        modalities=tuple((name, SIZES[name]) for name in chosen), width=width, attention_width=attention_width
    )
    head = random_head(shape, seed)
    vectors = tuple(
        torch.from_numpy(draw.normal(size=(tracks, SIZES[name])).astype(np.float32)) / SIZES[name] ** 0.5
        for name in chosen
    )
    held = tuple(torch.from_numpy(draw.random(tracks) < present) for _ in chosen)
    tables, batch = Tables(history=vectors, candidates=vectors, present=held), asked(moments, tracks, candidates, draw)
    with torch.no_grad():
        oracle = head(batch, tables)
    found = score(frozen(head), batch, tables)
    for name, expected in oracle._asdict().items():
        np.testing.assert_allclose(getattr(found, name), expected.numpy(), atol=1e-5, rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(found.contributions.sum(1), found.logits, atol=1e-5, rtol=1e-5)


def test_vectors_of_half_precision_are_read_as_they_are(batch: Batch, tables: Tables, heads: dict) -> None:
    halved = tuple(vectors.half() for vectors in tables.candidates)
    widened = tuple(vectors.float() for vectors in halved)
    one = score(frozen(heads["plain"]), batch, tables._replace(candidates=halved))
    other = score(frozen(heads["plain"]), batch, tables._replace(candidates=widened))
    np.testing.assert_array_equal(one.logits, other.logits)


def test_only_rows_of_candidates_and_listens_are_read(batch: Batch, tables: Tables, heads: dict) -> None:
    head, few = (
        frozen(heads["plain"]),
        batch._replace(
            candidates=batch.candidates[:, :4].clamp(max=10),
            evidence=batch.evidence[:, :, :4],
            history=batch.history.clamp(max=10),
        ),
    )
    broken = tuple(vectors.clone() for vectors in tables.candidates)
    for vectors in broken:
        vectors[11:] = torch.nan
    found, expected = score(head, few, tables._replace(candidates=broken)), score(head, few, tables)
    np.testing.assert_array_equal(found.logits, expected.logits)


def test_a_dense_output_is_refused(heads: dict) -> None:
    with pytest.raises(BadInput, match="dense output"):
        frozen(heads["dense"])


@pytest.mark.parametrize("name", ["fusion.gate.bias", "inward.1.weight", "attention.0.recency.weight"])
def test_a_head_that_is_not_whole_is_refused(name: str, heads: dict) -> None:
    whole = frozen(heads["plain"])
    left = {key: value for key, value in whole.parameters.items() if key != name}
    of_nan = np.full_like(whole.parameters[name], np.nan)
    for parameters, problem in (
        (left, "is missing"),
        (whole.parameters | {"gate": of_nan}, "no parameter"),
        (whole.parameters | {name: whole.parameters[name][None]}, "must be float32"),
        (whole.parameters | {name: whole.parameters[name].astype(np.float64)}, "must be float32"),
        (whole.parameters | {name: of_nan}, "NaN or infinity"),
    ):
        with pytest.raises(BadInput, match=problem):
            replace(whole, parameters=parameters)
    assert sorted(whole.parameters) == sorted(whole.shape.parameters())
