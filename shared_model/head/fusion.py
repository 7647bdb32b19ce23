"""Fusion: how much each path weighs, for each candidate at this moment, and one query per modality from all contexts.

Letters: B moments, M modalities, D width, H hidden units, F context numbers, S state features, E evidence channels,
C candidates.
"""

import torch
from torch import Tensor, nn

from shared_model.head.shape import HIDDEN

INITIAL_GATE = 2.0


class Fusion(nn.Module):
    """The gate over the paths and the fully connected layers (arXiv 2110.01001, fusion and output layers).

    The gate reads the moment, which modalities are present, the psychological state, and what all channels say of the
    candidate: evidence counts for more, or for less, beside other evidence. What it weighs is added up, so that the
    share of each path stays readable. Nothing in it has a row per track: it can be trained under noise. The layers of
    the state start at zero: until moods have been learned from, they change nothing.
    """

    def __init__(
        self, *, width: int, modalities: int, channels: int, content_paths: int, context: int, state_width: int
    ) -> None:
        super().__init__()
        self.content_paths = content_paths
        self.evidence = nn.Linear(channels, HIDDEN)
        self.context = nn.Linear(context, HIDDEN, bias=False)
        self.state = nn.Linear(state_width, HIDDEN, bias=False)
        self.gate = nn.Linear(HIDDEN, content_paths + channels)
        nn.init.zeros_(self.state.weight)
        with torch.no_grad():
            self.gate.weight *= 0.1
            self.gate.bias.fill_(INITIAL_GATE)
        if modalities:
            self.mix_hidden = nn.Linear(modalities * width + context, width)
            self.mix_state = nn.Linear(state_width, width, bias=False)
            self.mix = nn.Linear(width, modalities * width)
            for zero in (self.mix_state.weight, self.mix.weight, self.mix.bias):
                nn.init.zeros_(zero)

    def gates(self, evidence: Tensor, context: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """evidence: (B, E, C); context: (B, F); state: (B, 2 S).

        Returns the gates of the content paths (B, ·, C) and of the channels (B, E, C); a gate may be negative.
        """
        moment = self.context(context) + self.state(state)
        hidden = torch.relu(self.evidence(evidence.transpose(1, 2)) + moment[:, None])
        gates = self.gate(hidden).transpose(1, 2)  # layers are called, never read: the hooks of Opacus see the calls
        return gates[:, : self.content_paths], gates[:, self.content_paths :]

    def queries(self, attended: Tensor, context: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """attended: (B, M, D). Returns the queries (B, M, D) and the fused vector (B, D)."""
        together = self.mix_hidden(torch.cat([attended.flatten(1), context], -1)) + self.mix_state(state)
        fused = torch.relu(together)
        return attended + self.mix(fused).view_as(attended), fused
