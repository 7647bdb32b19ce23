"""Write the stubs: `pip install grpcio-tools==1.74.0`, then `python -m shared_model.wire.generate`.

An older release of the tools than of the library, since stubs refuse to be imported by older libraries than theirs.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
_HEADER = "# ruff: noqa\n# fmt: off\n# mypy: ignore-errors\n"
_MADE = ("distribution_pb2.py", "distribution_pb2.pyi", "distribution_pb2_grpc.py")


def main(out: Path = HERE.parents[1]) -> None:
    """Write them below `out`, at the place that they have in the repository."""
    from grpc_tools import protoc  # type: ignore[import-not-found,import-untyped,unused-ignore]  # development only

    flags = [f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python")]
    source = (HERE / "distribution.proto").relative_to(HERE.parents[1])
    code = protoc.main(["protoc", f"--proto_path={HERE.parents[1]}", *flags, str(source)])
    for name in _MADE if code == 0 else ():
        file = out / source.parent / name
        file.write_text(_HEADER + file.read_text(encoding="utf-8"), encoding="utf-8")
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
