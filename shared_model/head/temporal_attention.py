"""Temporal attention over the listening sequence (arXiv 2110.01001, the attention over time of each modality).

Additive attention (Bahdanau et al. 2015) whose query is the latest listens and the psychological state, with a
learned recency term. Letters: B moments, L listens, D width, A attention width, F numbers of masked state.
"""

import torch
from torch import Tensor, nn

from shared_model.head.inference import QUERY_LISTENS


class TemporalAttention(nn.Module):
    """Where in the recent past to look.

    The columns for the psychological state start at zero: a release trained on public logs, which record no
    mood, then gives every mood the same attention until listeners who answer have taught it otherwise.
    """

    def __init__(self, *, width: int, attention_width: int, state_width: int) -> None:
        super().__init__()
        self.key = nn.Linear(width, attention_width)
        self.query = nn.Linear(width, attention_width, bias=False)
        self.state = nn.Linear(state_width, attention_width, bias=False)
        self.energy = nn.Linear(attention_width, 1, bias=False)
        self.recency = nn.Linear(2, 1, bias=False)
        nn.init.zeros_(self.state.weight)
        nn.init.constant_(self.recency.weight, -0.5)

    def forward(self, listens: Tensor, heard: Tensor, hours: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """listens: (B, L, D), latest last; heard: (B, L) bool; hours: (B, L), at least 0; state: (B, F).

        Returns the context (B, D) and the weights (B, L). Without any listen that was heard both are zero.
        """
        length = listens.shape[1]
        latest = heard[:, -QUERY_LISTENS:, None].to(listens.dtype)
        query = (listens[:, -QUERY_LISTENS:] * latest).sum(1) / latest.sum(1).clamp(min=1)
        steps_ago = torch.arange(length, 0, -1, dtype=listens.dtype, device=listens.device).expand_as(hours)
        recency = self.recency(torch.stack([steps_ago.log(), torch.log1p(hours)], -1)).squeeze(-1)
        hidden = torch.tanh(self.key(listens) + (self.query(query) + self.state(state))[:, None])
        energy = self.energy(hidden).squeeze(-1) + recency
        weights = energy.masked_fill(~heard, -1e9).softmax(-1) * heard
        return torch.einsum("bl,bld->bd", weights, listens), weights
