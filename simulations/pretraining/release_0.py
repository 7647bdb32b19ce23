"""Release 0: the head trained on public listening, in the clear, before any round.

Public logs record no mood, so that what reads the psychological state stays at zero: only rounds teach it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from shared_model.errors import BadInput
from shared_model.head.batch import Batch, Tables
from shared_model.head.head import AttentiveFusionHead
from shared_model.head.parameters import ParameterLayout
from shared_model.history import History
from shared_model.memory.channels import CHANNELS, CHANNELS_OF
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.training.examples import Examples, build_examples
from shared_model.training.local_update import Model, loss
from simulations.scenario_sections import PretrainingSection

KEPT_CANDIDATES = 96
"""Candidates in memory for each example; every step draws anew among them."""
OF_TRACKS = [
    place
    for place, name in enumerate(CHANNELS)
    if name in (*CHANNELS_OF["transitions"], *CHANNELS_OF["pairs"], *CHANNELS_OF["neighbours"], "popularity")
]
"""Channels that say nothing of a track that no public listener has played."""
OF_ARTISTS = [CHANNELS.index(name) for name in ("artist_next", "artist_near", "artist_popularity")]
"""Channels that say nothing of an artist whom no public listener has played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretraining:
    """learning_rate of Adam, at its peak; batch_size and epochs >= 1; candidates: C of each step, drawn anew;
    max_examples: latest plays of each listener; moments: of all listeners together, about at most;
    hidden_share, unknown_share: see `_hidden`."""

    learning_rate: float
    batch_size: int
    epochs: int
    candidates: int
    max_examples: int
    moments: int
    hidden_share: float = 0.0
    unknown_share: float = 0.0


def pretraining_of(section: PretrainingSection) -> Pretraining:
    """What a scenario says of it."""
    return Pretraining(**{field.name: getattr(section, field.name) for field in fields(Pretraining)})


def public_examples(public: Sequence[History], *, paths: MemoryPaths, pretraining: Pretraining, seed: int) -> Examples:
    """Examples of public listeners' plays, all of which the statistics of `paths` hold: each listener's are taken out
    of its own evidence, or it would know the answers.

    Plays that memory would not have retrieved are left out. Raises BadInput where no play is left to learn from.
    """
    each = max(min(pretraining.max_examples, pretraining.moments // max(len(public), 1)), 1)
    positions = [latest_positions(history, each) for history in public]
    if not sum(len(at) for at in positions):
        raise BadInput(
            f"release 0: none of {len(public)} public listeners has plays to learn from; give more public listening"
        )
    examples, _ = build_examples(
        public,
        positions,
        paths=paths,
        counted=[history.tracks for history in public],
        candidates=KEPT_CANDIDATES,
        generator=np.random.default_rng(seed),
    )
    if not len(examples.weight):
        raise BadInput("release 0: no public play was to be foreseen at all; give more public listening")
    return examples


def latest_positions(history: History, limit: int) -> NDArray[np.int64]:
    """The last `limit` positions that have a play before them."""
    return np.arange(max(1, len(history) - limit), len(history))


def train_release_0(
    head: AttentiveFusionHead,
    tables: Tables,
    examples: Examples,
    *,
    pretraining: Pretraining,
    seed: int,
    progress: Callable[[float], None],
) -> None:
    """Train all of `head` in place by Adam with a linear decay. progress: called with the share done, 0..1."""
    layout = ParameterLayout.of(head, tuple(name for name, _ in head.named_parameters()))
    model = Model(head=head, tables=tables, layout=layout)
    generator = torch.Generator().manual_seed(seed)
    parameters: dict[str, torch.Tensor] = dict(head.named_parameters())
    optimiser = torch.optim.Adam(parameters.values(), lr=pretraining.learning_rate)
    steps = pretraining.epochs * -(-len(examples.weight) // pretraining.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: max(0.02, 1 - step / steps))
    done = 0
    for _ in range(pretraining.epochs):
        order = torch.randperm(len(examples.weight), generator=generator)
        for rows in torch.split(order, pretraining.batch_size):
            optimiser.zero_grad()
            value = loss(model, parameters, _step(examples, rows, pretraining, generator))
            value.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            done += 1
            progress(done / steps)


def _step(examples: Examples, rows: torch.Tensor, pretraining: Pretraining, generator: torch.Generator) -> Examples:
    """Examples of a step with the play that came and others drawn anew: a regulariser that also saves time."""
    batch = examples.batch
    others = 1 + torch.randperm(batch.candidates.shape[1] - 1, generator=generator)[: pretraining.candidates - 1]
    columns = torch.cat([torch.zeros(1, dtype=torch.long), others])
    narrowed = batch._replace(
        candidates=batch.candidates[rows[:, None], columns],
        evidence=batch.evidence[rows[:, None, None], torch.arange(batch.evidence.shape[1])[:, None], columns],
    )
    kept = {name: field[rows] for name, field in batch._asdict().items() if name not in ("candidates", "evidence")}
    return Examples(batch=_hidden(narrowed._replace(**kept), pretraining, generator), weight=examples.weight[rows])


def _hidden(batch: Batch, pretraining: Pretraining, generator: torch.Generator) -> Batch:
    """The moments as a device meets them most of whose tracks are unknown to the public statistics.

    Of a `hidden_share` of the candidates nothing is said by public listening, their artists' apart (DropoutNet, Volkovs
    et al. 2017: a model that never met a cold track cannot rank one). At an `unknown_share` of the moments it says
    nothing at all, nor had it of the plays before. Nothing is drawn where a share is 0.
    """
    if not pretraining.hidden_share and not pretraining.unknown_share:
        return batch
    evidence, record = batch.evidence.clone(), batch.record.clone()
    moments, _, candidates = evidence.shape
    if pretraining.hidden_share:
        hidden = torch.rand(moments, 1, candidates, generator=generator) < pretraining.hidden_share
        evidence[:, OF_TRACKS] *= ~hidden
    if pretraining.unknown_share:
        unknown = torch.rand(moments, 1, generator=generator) < pretraining.unknown_share
        evidence[:, OF_TRACKS + OF_ARTISTS] *= ~unknown[:, :, None]
        record[:, OF_TRACKS + OF_ARTISTS] *= ~unknown
    return batch._replace(evidence=evidence, record=record)
