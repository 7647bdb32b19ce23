"""A new file that appears when it is whole. It has no name before, so that a kill leaves nothing readable behind."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_NO_SUCH_THING = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL}
"""How file systems, and kernels, say that they have no files without a name (open(2), O_TMPFILE)."""


@contextmanager
def new_file(out: Path) -> Iterator[BinaryIO]:
    """Write here; the owner's alone, and at `out` when the context ends well. Raises OSError, and leaves nothing.

    Where the file system has no nameless files it is written beside `out`, hidden: there a kill leaves that file.
    """
    scratch = None
    try:
        descriptor = os.open(out.parent, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError as error:
        if error.errno not in _NO_SUCH_THING:
            raise
        scratch = out.with_name(f".{secrets.token_hex(8)}")
        descriptor = os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
            if scratch is None:
                _name(descriptor, out)
        if scratch is not None:
            scratch.replace(out)
    except BaseException:
        if scratch is not None:
            scratch.unlink(missing_ok=True)
        raise


def _name(descriptor: int, out: Path) -> None:
    # with a folder's descriptor Python follows the link, which is what open(2) asks for
    folder = os.open(out.parent, os.O_RDONLY)
    try:
        os.link(f"/proc/self/fd/{descriptor}", out, src_dir_fd=folder)
    finally:
        os.close(folder)
