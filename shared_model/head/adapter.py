"""Training little: low-rank updates with a frozen first factor on the content projections, and the fusion gate.

Noise grows with the square root of the number of released weights, so that under privacy a small trained part wins
(low-rank adaptation after Hu et al. 2021, arXiv 2106.09685, with the first factor frozen
as in Sun et al. 2024, arXiv 2403.12313, which keeps the update linear in what is averaged).
Frozen projections of the catalogue are computed once, by `adapt`. Letters: N tracks, D width, R rank.
"""

import copy
import re

import torch
from torch import Tensor, nn

from shared_model.errors import BadInput
from shared_model.head.batch import Tables
from shared_model.head.head import AttentiveFusionHead

IN_ROUNDS = re.compile(r"inward\.|outward\.|fusion\.gate\.|fusion\.state\.|attention\.\d+\.state\.")
"""Parameters of an adapted head that rounds train: low-rank factors, the gate, and what reads the mood."""


class LowRankInward(nn.Module):
    """Reads a row [base projection (D) | frozen first factor applied (R)] and adds the trained second factor."""

    def __init__(self, *, width: int, rank: int) -> None:
        super().__init__()
        self.width = width
        self.up = nn.Linear(rank, width, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, row: Tensor) -> Tensor:
        """row: (..., D + R). Returns (..., D)."""
        read: Tensor = row[..., : self.width] + self.up(row[..., self.width :])
        return read


class LowRankOutward(nn.Module):
    """Turns a query by a low-rank residual; it is then compared with candidates that are projected already."""

    def __init__(self, *, width: int, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        self.register_buffer("down", _first_factor(rank, width, generator))
        self.down: Tensor
        self.up = nn.Linear(rank, width, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, query: Tensor) -> Tensor:
        """query: (..., D). Returns (..., D)."""
        turned: Tensor = query + self.up(query @ self.down.T)
        return turned


def adapt(
    head: AttentiveFusionHead, tables: Tables, *, rank: int, seed: int
) -> tuple[AttentiveFusionHead, Tables, tuple[str, ...]]:
    """A copy of `head` whose content projections are frozen but for low-rank updates, with tables to match.

    Returns the adapted head, its tables, and the names of the parameters that are trained (`IN_ROUNDS`). Until they
    are trained it gives the same logits as `head`. `seed` fixes the first factors, which every device must share.
    """
    generator = torch.Generator().manual_seed(seed)
    adapted = copy.deepcopy(head)
    width = head.shape.width
    history, candidates = [], []
    with torch.no_grad():
        for modality, (_, size) in enumerate(head.shape.modalities):
            first_factor = _first_factor(rank, size, generator)
            rows = tables.history[modality]
            history.append(torch.cat([head.inward[modality](rows), rows @ first_factor.T], -1))
            candidates.append(tables.candidates[modality] @ head.outward_weight(modality))
            adapted.inward[modality] = LowRankInward(width=width, rank=rank)
            adapted.outward[modality] = LowRankOutward(width=width, rank=rank, generator=generator)
    trained = {name for name, _ in adapted.named_parameters() if IN_ROUNDS.match(name)}
    if head.shape.dense_tracks:  # then nothing reads the outward projections
        trained = {name for name in trained if not name.startswith("outward.")}
    tables = Tables(history=tuple(history), candidates=tuple(candidates), present=tables.present)
    return adapted, tables, tuple(sorted(trained))


def merged(head: AttentiveFusionHead, adapted: AttentiveFusionHead, *, seed: int) -> AttentiveFusionHead:
    """A plain head that gives the logits of `adapted`, which `adapt` made of `head` with `seed` and rounds trained.

    Each low-rank update is folded into the projection that it updates (Hu et al. 2021, section 4.1). Raises BadInput
    where `adapted` is no adapter of a head of this shape, or another seed gave its factors.
    """
    generator = torch.Generator().manual_seed(seed)
    whole = copy.deepcopy(head)
    projections = ("inward.", "outward.")
    state = {name: value for name, value in adapted.state_dict().items() if not name.startswith(projections)}
    with torch.no_grad():
        for modality, (name, size) in enumerate(head.shape.modalities):
            inward, outward = adapted.inward[modality], adapted.outward[modality]
            if not isinstance(inward, LowRankInward) or not isinstance(outward, LowRankOutward):
                raise BadInput("head: it has no low-rank updates to merge; it is a plain head as it is")
            rank, width = outward.down.shape
            first_factor = _first_factor(rank, size, generator)
            if adapted.shape != head.shape or not torch.equal(outward.down, _first_factor(rank, width, generator)):
                raise BadInput(f"head: the adapter of {name} is of another head or another seed; give its own")
            read, written = head.state_dict()[f"inward.{modality}.weight"], head.outward_weight(modality)
            state[f"inward.{modality}.weight"] = read + inward.up.weight @ first_factor
            state[f"outward.{modality}.weight"] = written + written @ outward.up.weight @ outward.down
    whole.load_state_dict(state)
    return whole


def unset_adapter(head: AttentiveFusionHead, *, rank: int) -> None:
    """Give `head` the modules that `adapt` gives, for a state of an adapted head to be loaded into."""
    width = head.shape.width
    for modality in range(len(head.shape.modalities)):
        head.inward[modality] = LowRankInward(width=width, rank=rank)
        head.outward[modality] = LowRankOutward(width=width, rank=rank, generator=torch.Generator())


def _first_factor(rank: int, width: int, generator: torch.Generator) -> Tensor:
    """(R, width): frozen, and the same on every device."""
    factor: Tensor = torch.randn(rank, width, generator=generator) / width**0.5
    return factor
