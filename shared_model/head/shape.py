"""What fixes the head's parameters, and their names and shapes: without torch, which devices that recommend do without.

Letters as in `shared_model.head.batch`; D width of the head, H hidden units of the gate, F context numbers = M + K + E.
"""

from dataclasses import dataclass

from shared_model.head.moment import MOMENT_FEATURES
from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.memory.channels import CHANNELS, MEMORY_PATHS

HIDDEN = 64
"""H."""
STATE_WIDTH = 2 * len(STATE_FEATURES)
"""The answers, and which ones there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadShape:
    """What fixes the head's parameters.

    modalities: name and vector width of each content path, in order; dense_tracks: N for the paper's output with
    one weight row per track, or None for scores against the frozen catalogue vectors (tracks never played, too).
    """

    modalities: tuple[tuple[str, int], ...]
    width: int = 128
    attention_width: int = 64
    dense_tracks: int | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Names of the P paths: content first (or `dense`), then memory."""
        content = tuple(name for name, _ in self.modalities)
        return (("dense",) if self.dense_tracks and content else content) + MEMORY_PATHS

    @property
    def context(self) -> int:
        """F."""
        return len(self.modalities) + len(MOMENT_FEATURES) + len(CHANNELS)

    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of each parameter of an unadapted head."""
        width, attention, gates = self.width, self.attention_width, len(CHANNELS) + len(self.paths) - len(MEMORY_PATHS)
        shapes: dict[str, tuple[int, ...]] = {
            "fusion.evidence.weight": (HIDDEN, len(CHANNELS)),
            "fusion.evidence.bias": (HIDDEN,),
            "fusion.context.weight": (HIDDEN, self.context),
            "fusion.state.weight": (HIDDEN, STATE_WIDTH),
            "fusion.gate.weight": (gates, HIDDEN),
            "fusion.gate.bias": (gates,),
        }
        for place, (_, size) in enumerate(self.modalities):
            shapes |= {
                f"inward.{place}.weight": (width, size),
                f"outward.{place}.weight": (size, width),
                f"attention.{place}.key.weight": (attention, width),
                f"attention.{place}.key.bias": (attention,),
                f"attention.{place}.query.weight": (attention, width),
                f"attention.{place}.state.weight": (attention, STATE_WIDTH),
                f"attention.{place}.energy.weight": (1, attention),
                f"attention.{place}.recency.weight": (1, 2),
            }
        if self.modalities:
            together = len(self.modalities) * width
            shapes |= {
                "fusion.mix_hidden.weight": (width, together + self.context),
                "fusion.mix_hidden.bias": (width,),
                "fusion.mix_state.weight": (width, STATE_WIDTH),
                "fusion.mix.weight": (together, width),
                "fusion.mix.bias": (together,),
            }
        if self.dense_tracks and self.modalities:
            shapes |= {"dense.weight": (self.dense_tracks, width), "dense.bias": (self.dense_tracks,)}
        return shapes
