"""The head's forward pass without torch: what a device needs to recommend.

The arithmetic is that of `AttentiveFusionHead` (head.py), `TemporalAttention` and `Fusion`, whose tests it is held
against. Letters as there; N tracks of the catalogue.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput
from shared_model.head.shape import HeadShape
from shared_model.memory.channels import MEMORY_PATHS, PATH_OF_CHANNEL
from shared_model.memory.moments import Situation
from shared_model.memory.vectors import Vectors

QUERY_LISTENS = 3
"""The query is the mean of this many latest listens: one alone is often an accident."""
Numbers = NDArray[np.float32]


class Scored(NamedTuple):
    """What the head says: logits (B, C); attention (B, M, L); contributions (B, P, C), see `HeadOutput`."""

    logits: Numbers
    attention: Numbers
    contributions: Numbers


class Rows(NamedTuple):
    """A modality of the catalogue: vectors (N, ·); present (N,) bool.

    Rows of candidates and listens are gathered, the rest is never read.
    """

    vectors: Vectors
    present: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenHead:
    """A trained head: its shape and its parameters, float32, by their names in `AttentiveFusionHead.state_dict()`.

    Raises BadInput for a `dense` output, a parameter that is missing, unknown, of another shape or kind, NaN or
    infinity. An adapted head is no such head: `merged` makes it one.
    """

    shape: HeadShape
    parameters: Mapping[str, Numbers]

    def __post_init__(self) -> None:
        if self.shape.dense_tracks:
            raise BadInput(
                "head: a dense output has a row for each track it was trained on; train `output = catalogue`"
            )
        wanted = self.shape.parameters()
        if set(wanted) != set(self.parameters):
            name = min(set(wanted) ^ set(self.parameters))
            raise BadInput(f"head: {name} is {'missing' if name in wanted else 'no parameter of its shape'}")
        for name, shape in wanted.items():
            numbers = self.parameters[name]
            if numbers.shape != shape or numbers.dtype != np.float32:
                raise BadInput(f"head: {name} is {numbers.dtype} {numbers.shape} and must be float32 {shape}")
            if not np.isfinite(numbers).all():
                raise BadInput(f"head: {name} holds NaN or infinity; the head was damaged in training: take another")

    def score(
        self,
        situation: Situation,
        candidates: NDArray[np.int64],
        evidence: NDArray[np.floating],
        catalogue: tuple[Rows, ...],
    ) -> Scored:
        """Score candidates (B, C) with their evidence (B, E, C), at least 0. catalogue: in the shape's order.

        Missing modalities and unanswered questions are masked, never imputed.
        """
        answers = situation.state.astype(np.float32)
        answered = ~np.isnan(answers)
        state = np.concatenate([np.where(answered, answers, np.float32(0)), answered], 1, dtype=np.float32)
        attended, attention, heard_any = self._attend(situation, catalogue, state)
        context = np.concatenate([heard_any, situation.moment, situation.record], 1, dtype=np.float32)
        evidence = evidence.astype(np.float32, copy=False)
        gates = self._gates(evidence, context, state)
        content = len(self.shape.modalities)
        said = gates[:, content:] * evidence
        contributions = np.zeros((len(candidates), content + len(MEMORY_PATHS), candidates.shape[1]), np.float32)
        for channel, path in enumerate(PATH_OF_CHANNEL):
            contributions[:, content + path] += said[:, channel]
        if content:
            queries = self._queries(attended, context, state)
            for place, rows in enumerate(catalogue):
                turned = self._linear(f"outward.{place}", queries[:, place])
                found = np.einsum("bcd,bd->bc", rows.vectors.rows(candidates), turned)
                usable = rows.present[candidates] & heard_any[:, place, None]
                contributions[:, place] = gates[:, place] * found * usable
        return Scored(logits=contributions.sum(1), attention=attention, contributions=contributions)

    def _attend(
        self, situation: Situation, catalogue: tuple[Rows, ...], state: Numbers
    ) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
        """Contexts (B, M, D), weights (B, M, L) and whether any listen has the modality (B, M)."""
        known, rows = situation.history >= 0, np.maximum(situation.history, 0)
        (moments, length), count = rows.shape, len(self.shape.modalities)
        contexts = np.zeros((moments, count, self.shape.width), np.float32)
        weights = np.zeros((moments, count, length), np.float32)
        heard_any = np.zeros((moments, count), np.bool_)
        for place, table in enumerate(catalogue):
            heard = known & table.present[rows]
            listens = self._linear(f"inward.{place}", table.vectors.rows(rows))
            weights[:, place] = self._attention(f"attention.{place}", listens, heard, situation.hours, state)
            contexts[:, place] = np.einsum("bl,bld->bd", weights[:, place], listens)
            heard_any[:, place] = heard.any(1)
        return contexts, weights, heard_any

    def _attention(
        self, name: str, listens: Numbers, heard: NDArray[np.bool_], hours: Numbers, state: Numbers
    ) -> Numbers:
        """Weights (B, L) of listens (B, L, D), 0 where they were not heard."""
        latest = heard[:, -QUERY_LISTENS:, None].astype(np.float32)
        query = (listens[:, -QUERY_LISTENS:] * latest).sum(1) / np.maximum(latest.sum(1), 1)
        steps_ago = np.broadcast_to(np.arange(listens.shape[1], 0, -1, dtype=np.float32), hours.shape)
        recency = self._linear(f"{name}.recency", np.stack([np.log(steps_ago), np.log1p(hours)], -1))
        asked = self._linear(f"{name}.query", query) + self._linear(f"{name}.state", state)
        hidden = np.tanh(self._linear(f"{name}.key", listens) + asked[:, None])
        energy = (self._linear(f"{name}.energy", hidden) + recency)[..., 0]
        energy = np.where(heard, energy, np.float32(-1e9))
        raised = np.exp(energy - energy.max(1, keepdims=True))
        weights: Numbers = raised / raised.sum(1, keepdims=True) * heard
        return weights

    def _gates(self, evidence: Numbers, context: Numbers, state: Numbers) -> Numbers:
        """(B, M + E, C): gates of the content paths and of the channels; a gate may be negative."""
        moment = self._linear("fusion.context", context) + self._linear("fusion.state", state)
        hidden = np.maximum(self._linear("fusion.evidence", evidence.transpose(0, 2, 1)) + moment[:, None], 0)
        return self._linear("fusion.gate", hidden).transpose(0, 2, 1)

    def _queries(self, attended: Numbers, context: Numbers, state: Numbers) -> Numbers:
        """(B, M, D): one query a modality from all contexts (B, M, D)."""
        read = np.concatenate([attended.reshape(len(attended), -1), context], 1)
        fused = np.maximum(self._linear("fusion.mix_hidden", read) + self._linear("fusion.mix_state", state), 0)
        return attended + self._linear("fusion.mix", fused).reshape(attended.shape)

    def _linear(self, name: str, read: Numbers) -> Numbers:
        """A layer (..., O) of `read` (..., I)."""
        out: Numbers = read @ self.parameters[f"{name}.weight"].T
        bias = self.parameters.get(f"{name}.bias")
        return out if bias is None else out + bias
