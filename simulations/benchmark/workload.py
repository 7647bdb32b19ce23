"""The work that engines are compared on: the same for all, of a size that simulators are often compared at.

Letters: U listeners, E examples of each, C candidates, N tracks.
"""

from dataclasses import dataclass

import torch

from shared_model.head.batch import Batch, Tables
from shared_model.head.head import AttentiveFusionHead
from shared_model.head.moment import MOMENT_FEATURES
from shared_model.head.parameters import ParameterLayout
from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.head.shape import HeadShape
from shared_model.memory.channels import CHANNELS
from shared_model.memory.moments import HISTORY_LENGTH
from shared_model.privacy.plan import PrivacyPlan
from shared_model.training.examples import Examples
from shared_model.training.local_update import LocalTraining, Model

TRACKS = 5000
SEQUENCES = 64
NEGATIVES = 100
WIDTHS = (("lyrics", 384), ("audio", 64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A full head of about 200,000 numbers, random catalogue and listening, and the plan of a round."""

    model: Model
    examples: Examples
    training: LocalTraining
    plan: PrivacyPlan


def full_head_workload(listeners: int) -> Workload:
    """U listeners: 64 sequences of 20 listens, 100 negatives an example, batches of 16, one epoch, the whole head."""
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = AttentiveFusionHead(HeadShape(modalities=WIDTHS, width=128, attention_width=64))
    vectors = tuple(
        torch.nn.functional.normalize(torch.randn(TRACKS, size, generator=generator), dim=-1) for _, size in WIDTHS
    )
    present = tuple(torch.ones(TRACKS, dtype=torch.bool) for _ in WIDTHS)
    layout = ParameterLayout.of(head, tuple(name for name, _ in head.named_parameters()))
    shape = (listeners, SEQUENCES)
    candidates = 1 + NEGATIVES
    batch = Batch(
        history=torch.randint(TRACKS, (*shape, HISTORY_LENGTH), generator=generator),
        hours=torch.rand(*shape, HISTORY_LENGTH, generator=generator) * 24,
        state=torch.randn(*shape, len(STATE_FEATURES), generator=generator),
        moment=torch.rand(*shape, len(MOMENT_FEATURES), generator=generator),
        record=torch.rand(*shape, len(CHANNELS), generator=generator),
        candidates=torch.randint(TRACKS, (*shape, candidates), generator=generator),
        evidence=torch.rand(*shape, len(CHANNELS), candidates, generator=generator).half(),
    )
    return Workload(
        model=Model(head=head, tables=Tables(history=vectors, candidates=vectors, present=present), layout=layout),
        examples=Examples(batch=batch, weight=torch.ones(*shape)),
        training=LocalTraining(learning_rate=0.1, batch_size=16, epochs=1),
        plan=PrivacyPlan(
            population=listeners,
            cohort=listeners,
            rounds=1,
            clip_norm=1.0,
            noise_multiplier=1.0,
            delta=1e-6,
            max_participations=1,
        ),
    )
