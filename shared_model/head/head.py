"""The attentive fusion head (after arXiv 2110.01001): evidence comes in by paths, and fusion weighs them.

Letters as in `shared_model.head.batch`; D width of the head, F context numbers = M + K + E.
"""

import torch
from torch import Tensor, nn

from shared_model.head.batch import Batch, HeadOutput, Tables
from shared_model.head.fusion import Fusion
from shared_model.head.shape import STATE_WIDTH, HeadShape
from shared_model.head.temporal_attention import TemporalAttention
from shared_model.memory.channels import CHANNELS, MEMORY_PATHS, PATH_OF_CHANNEL

WHOLE_TABLE = 64
"""Up to so many tracks a candidate, a product with all of them costs less than gathering rows."""


class AttentiveFusionHead(nn.Module):
    """Logits of the next play: content paths by temporal attention, memory paths, and the gate that weighs them."""

    def __init__(self, shape: HeadShape) -> None:
        super().__init__()
        self.shape = shape
        self.inward = nn.ModuleList([nn.Linear(size, shape.width, bias=False) for _, size in shape.modalities])
        self.outward = nn.ModuleList([nn.Linear(shape.width, size, bias=False) for _, size in shape.modalities])
        for modality, inward in enumerate(self.inward.parameters()):
            nn.init.orthogonal_(inward)
            with torch.no_grad():
                self.outward_weight(modality).copy_(inward.T)  # starts as "like what was just played"
        self.attention = nn.ModuleList(
            TemporalAttention(width=shape.width, attention_width=shape.attention_width, state_width=STATE_WIDTH)
            for _ in shape.modalities
        )
        self.fusion = Fusion(
            width=shape.width,
            modalities=len(shape.modalities),
            content_paths=len(shape.paths) - len(MEMORY_PATHS),
            channels=len(CHANNELS),
            context=shape.context,
            state_width=STATE_WIDTH,
        )
        of_path = torch.zeros(len(MEMORY_PATHS), len(CHANNELS))
        of_path[PATH_OF_CHANNEL, range(len(CHANNELS))] = 1
        self.register_buffer("of_path", of_path, persistent=False)
        self.of_path: Tensor
        if shape.dense_tracks and shape.modalities:
            self.dense = nn.Linear(shape.width, shape.dense_tracks)

    def outward_weight(self, modality: int) -> Tensor:
        """The weight of a full outward projection, (width of the modality's vectors, D)."""
        weight = self.outward[modality].weight
        assert isinstance(weight, Tensor)
        return weight

    def forward(self, batch: Batch, tables: Tables) -> HeadOutput:
        """Score the batch's candidates. Missing modalities and unanswered questions are masked, never imputed."""
        answered = ~batch.state.isnan()
        state = torch.cat([batch.state.nan_to_num(0.0), answered.to(batch.hours.dtype)], -1)
        attended, weights, heard_any = self._attend(batch, tables, state)
        context = torch.cat([heard_any.to(state.dtype), batch.moment, batch.record], -1)
        content, usable = self._content(batch, tables, attended, heard_any, context, state)
        evidence = batch.evidence.to(state.dtype)
        content_gates, gates = self.fusion.gates(evidence, context, state)
        memory = torch.einsum("pe,bec->bpc", self.of_path, gates * evidence)
        contributions = torch.cat([content_gates * usable[:, :, None] * content, memory], 1)
        return HeadOutput(logits=contributions.sum(1), attention=weights, contributions=contributions)

    def _attend(self, batch: Batch, tables: Tables, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Contexts (B, M, D), weights (B, M, L) and whether any listen has the modality (B, M) bool."""
        known = batch.history >= 0
        rows = batch.history.clamp(min=0)
        contexts, weights, heard_any = [], [], []
        for inward, attention, table, present in zip(
            self.inward, self.attention, tables.history, tables.present, strict=True
        ):
            heard = known & present[rows]
            # the gradient of each example needs a call of its own: a table that all share is read where none is asked
            shared = len(table) < rows.numel() and not torch.is_grad_enabled()
            listens = inward(table)[rows] if shared else inward(table[rows])
            context, weight = attention(listens, heard, batch.hours, state)
            contexts.append(context)
            weights.append(weight)
            heard_any.append(heard.any(-1))
        if not contexts:
            nothing = batch.hours.new_zeros(len(rows), 0, self.shape.width)
            return nothing, batch.hours.new_zeros(len(rows), 0, rows.shape[1]), nothing.new_zeros(len(rows), 0).bool()
        return torch.stack(contexts, 1), torch.stack(weights, 1), torch.stack(heard_any, 1)

    def _content(
        self, batch: Batch, tables: Tables, attended: Tensor, heard_any: Tensor, context: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Scores of the content paths (B, ·, C) and which of them may count (B, ·) bool."""
        if not self.shape.modalities:
            return batch.evidence.new_zeros(len(context), 0, batch.evidence.shape[-1]).to(context.dtype), heard_any
        queries, fused = self.fusion.queries(attended, context, state)
        if self.shape.dense_tracks:
            scores = self.dense(fused).gather(1, batch.candidates)
            return scores[:, None], heard_any.any(-1, keepdim=True)
        by_path = []
        for modality, (outward, table, present) in enumerate(
            zip(self.outward, tables.candidates, tables.present, strict=True)
        ):
            found = _scores(outward(queries[:, modality]), table, batch.candidates)
            by_path.append(found * present[batch.candidates])
        return torch.stack(by_path, 1), heard_any


def _scores(queries: Tensor, table: Tensor, candidates: Tensor) -> Tensor:
    """Products (B, C) of queries (B, D) with the rows of `table` (N, D) at candidates (B, C)."""
    if len(table) < WHOLE_TABLE * candidates.shape[1]:
        return (queries @ table.T).gather(1, candidates)
    return torch.einsum("bcd,bd->bc", table[candidates], queries)
