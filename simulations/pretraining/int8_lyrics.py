"""A lyrics encoder in eight bits: python -m simulations.pretraining.int8_lyrics --from FOLDER --out FOLDER

Dynamic quantisation of ONNX Runtime: weights in eight bits, one scale a row, activations in eight bits as they come.
What it costs is in docs/lyrics-encoder.md. The folder is what `--lyrics-encoder` and `encoders.lyrics` take.
"""

import argparse
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Final

import torch
from transformers import AutoModel
from transformers.utils import logging

from shared_model.encoders.encoder_name import name_of
from shared_model.encoders.lyrics import LyricsEncoder
from shared_model.encoders.onnx_transformer import FILE, HIDDEN, IDS, MASK
from shared_model.errors import BadInput

OPSET: Final = 17
LEFT_OUT: Final = ("model.safetensors", "pytorch_model.bin", FILE)


def write_int8_folder(source: Path, destination: Path) -> None:
    """Write the encoder of the folder `source`, its tokenizer and its whitening to the new folder `destination`.

    Raises:
        BadInput: `destination` exists, `source` is no encoder, or `onnx` is not installed.
    """
    if destination.exists():
        raise BadInput(f"int8: {destination} exists already; name a new folder")
    try:
        import onnx  # noqa: F401  quantising needs it, and says so late
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise BadInput("int8: `pip install onnx onnxruntime` makes what devices run without onnx") from error
    LyricsEncoder(source)  # whole, and with a tokenizer that cuts
    with tempfile.TemporaryDirectory(dir=destination.absolute().parent, prefix=f".{destination.name}.") as scratch:
        folder, plain = Path(scratch) / destination.name, Path(scratch) / "plain.onnx"
        folder.mkdir()
        for file in sorted(source.iterdir()):
            if file.is_file() and file.name not in LEFT_OUT:
                shutil.copyfile(file, folder / file.name)
        export_onnx(source, plain)
        quantize_dynamic(plain, folder / FILE, per_channel=True, weight_type=QuantType.QInt8)
        folder.rename(destination)


def export_onnx(source: Path, file: Path) -> None:
    """Write the Transformer of the folder `source` to `file`, its weights in float32."""

    class Hidden(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            logging.set_verbosity_error()  # else a checkpoint without the pooler, which nobody reads, prints a report
            model = AutoModel.from_pretrained(source, local_files_only=True, dtype=torch.float32)
            self.transformer = model.eval()

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            hidden: torch.Tensor = self.transformer(input_ids=ids, attention_mask=mask).last_hidden_state
            return hidden

    ids = torch.tensor([[0, 3, 4, 2], [0, 3, 2, 1]])
    axes = {name: {0: "windows", 1: "tokens"} for name in (IDS, MASK, HIDDEN)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer says of each shape that it reads that it would be constant
        torch.onnx.export(
            Hidden(),
            (ids, (ids != 1).long()),
            file,
            input_names=[IDS, MASK],
            output_names=[HIDDEN],
            dynamic_axes=axes,
            dynamo=False,
            opset_version=OPSET,
        )


def main() -> None:
    """Convert, in about half a minute."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, required=True, help="Hugging Face folder.")
    parser.add_argument("--out", type=Path, required=True, help="Folder to make.")
    given = parser.parse_args()
    write_int8_folder(given.source, given.out)
    print(f"{given.out}: {(given.out / FILE).stat().st_size:,} bytes, {name_of(given.out)}")


if __name__ == "__main__":
    main()
