"""The curve of a run as TensorBoard scalars.

TensorBoard's own record format is used without its threaded writer, whose file name holds the clock, the host and the
process: here the same result gives the same file, and the file is wholly there or not there.
"""

import io
from collections.abc import Iterator
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from shared_model.durable import write_atomically
from simulations.report.result_schema import CurvePoint, Result

FILE_NAME = "events.out.tfevents.0.sottovoce"
"""TensorBoard recognises a file by `tfevents`."""

_ROUND_FIELDS = {
    "epsilon_pld": "privacy/epsilon_pld",
    "epsilon_rdp": "privacy/epsilon_rdp",
    "update_norm": "privacy/update_norm",
    "noise_norm": "privacy/noise_norm",
    "cohort": "rounds/cohort",
    "bytes_up": "rounds/bytes_up",
    "bytes_down": "rounds/bytes_down",
}


def write_scalars(result: Result, folder: Path) -> Path:
    """Write one event file into `folder`, which is made if missing; the step is the round. Returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    writer.write(Event(file_version="brain.Event:2").SerializeToString())
    prefix = "simulated/" if result.simulated else ""
    for point in result.curve:
        values = [Summary.Value(tag=prefix + tag, simple_value=value) for tag, value in _scalars(point)]
        writer.write(Event(step=point.round, summary=Summary(value=values)).SerializeToString())
    path = folder / FILE_NAME
    write_atomically(path, buffer.getvalue())
    return path


def _scalars(point: CurvePoint) -> Iterator[tuple[str, float]]:
    for model in ("federated_private", "federated"):
        quality = getattr(point, model)
        for metric, value in quality if quality is not None else ():
            if value is not None:
                yield f"quality/{metric}/{model}", value
    for field, tag in _ROUND_FIELDS.items():
        value = getattr(point, field)
        if value is not None:
            yield tag, value
