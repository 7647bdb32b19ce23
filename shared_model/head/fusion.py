"""Fusion: how much each path weighs at this moment, and one query per modality from all contexts together.

Letters: B moments, M modalities, D width, F context numbers, P paths.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INITIAL_GATE = 2.0


class Fusion(nn.Module):
    """The gate over the paths and the fully connected layers (arXiv 2110.01001, fusion and output layers).

    The gate reads the masked psychological state, which modalities are present, and the moment: nothing with a
    row per track, so that it stays small enough to be trained under noise. Wherever the state enters, its columns
    start at zero: until moods have been learned from, they change nothing.
    """

    def __init__(self, *, width: int, modalities: int, paths: int, context: int, state_width: int) -> None:
        super().__init__()
        self.modalities = modalities
        self.gate_hidden = nn.Linear(context, 32)
        self.gate = nn.Linear(32, paths)
        with torch.no_grad():
            self.gate_hidden.weight[:, :state_width] = 0
            self.gate.weight *= 0.1
            self.gate.bias.fill_(INITIAL_GATE)
        if modalities:
            self.mix_hidden = nn.Linear(modalities * width + context, width)
            self.mix = nn.Linear(width, modalities * width)
            nn.init.zeros_(self.mix.weight)
            nn.init.zeros_(self.mix.bias)
            with torch.no_grad():
                self.mix_hidden.weight[:, modalities * width :][:, :state_width] = 0

    def gates(self, context: Tensor, usable: Tensor) -> Tensor:
        """context: (B, F); usable: (B, P) bool, False for a modality that the context lacks. Returns (B, P), >= 0."""
        return F.softplus(self.gate(torch.tanh(self.gate_hidden(context)))) * usable

    def queries(self, attended: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """attended: (B, M, D); context: (B, F). Returns the queries (B, M, D) and the fused vector (B, D)."""
        fused = torch.relu(self.mix_hidden(torch.cat([attended.flatten(1), context], -1)))
        return attended + self.mix(fused).view_as(attended), fused
