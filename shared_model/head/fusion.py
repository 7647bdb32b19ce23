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

    def __init__(
        self, *, width: int, modalities: int, memory_paths: int, content_paths: int, context: int, state_width: int
    ) -> None:
        super().__init__()
        self.memory_paths = memory_paths
        self.gate_hidden = nn.Linear(context, 32)
        self.gate = nn.Linear(32, content_paths + 2 * memory_paths)
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

    def gates(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """context: (B, F). Returns gates of the content paths (B, ·) and of the memory paths (B, 2, ·), all >= 0.

        A memory path has two: for sqrt(p), by which a path speaks for whatever it has seen, and for p, by which it
        speaks for what it is sure of.
        """
        gates = F.softplus(self.gate(torch.tanh(self.gate_hidden(context))))
        content = gates[:, : -2 * self.memory_paths]
        return content, gates[:, -2 * self.memory_paths :].reshape(len(gates), 2, self.memory_paths)

    def queries(self, attended: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """attended: (B, M, D); context: (B, F). Returns the queries (B, M, D) and the fused vector (B, D)."""
        fused = torch.relu(self.mix_hidden(torch.cat([attended.flatten(1), context], -1)))
        return attended + self.mix(fused).view_as(attended), fused
