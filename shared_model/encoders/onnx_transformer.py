"""A Transformer in eight bits, run by ONNX Runtime: without torch's weights in memory, and twice as fast.

`simulations.pretraining.int8_lyrics` makes the file. Letters: W windows, L tokens, D numbers of a vector.
"""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import torch
from torch import Tensor

from shared_model.errors import BadInput

FILE: Final = "model.int8.onnx"
"""Its place in the folder of an encoder, which it makes a version of its own."""

IDS, MASK, HIDDEN = "ids", "mask", "hidden"
"""Names of the two inputs, (W, L) int64, and of the output, (W, L, D) float32."""


@dataclass(frozen=True, slots=True)
class _Said:
    last_hidden_state: Tensor


class OnnxTransformer:
    """Answers as a Transformer of `transformers` does, as far as it is asked. config.hidden_size: D."""

    def __init__(self, file: Path) -> None:
        """On one thread, as everything here.

        Raises:
            BadInput: onnxruntime is not installed, or the file is truncated or of another kind.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise BadInput(
                f"lyrics encoder: {file} needs onnxruntime; `pip install onnxruntime`, or take a folder without it"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
            inputs, output = self._session.get_inputs(), self._session.get_outputs()[0]
            named = {one.name for one in inputs} == {IDS, MASK} and output.name == HIDDEN
            self.config = SimpleNamespace(hidden_size=int(output.shape[2]))
        except Exception as error:  # onnxruntime's own errors share no base
            raise BadInput(f"lyrics encoder: {file} is truncated or no ONNX file; make or fetch it again") from error
        if not named:
            raise BadInput(f"lyrics encoder: {file} reads or gives something else; make it by docs/encoders.md")

    def __call__(self, *, input_ids: Tensor, attention_mask: Tensor, **_: Tensor) -> _Said:
        """input_ids, attention_mask: (W, L). Gives last_hidden_state (W, L, D)."""
        hidden = self._session.run([HIDDEN], {IDS: input_ids.numpy(), MASK: attention_mask.numpy()})[0]
        return _Said(torch.from_numpy(hidden))
