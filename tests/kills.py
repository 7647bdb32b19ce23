"""Processes that end without a word at one of their writes, or have no more room: what only the operating system does.

For scripts without threads of their own, in a process of their own: `os.fork` copies nothing but the thread that calls.
"""

import os
import resource
import traceback
from collections.abc import Callable

KILLED, FAILED = 9, 70


def killed_at(moment: int, work: Callable[[], None]) -> bool:
    """Do `work` in a child that ends at its `moment`-th write, from 0: before a sync or a rename, in the middle of an
    unbuffered line. Whether it did; False where it finished before."""
    return _child(lambda: (_arm(moment), work())) == KILLED


def fails_with_room_for(size_bytes: int, work: Callable[[], None]) -> bool:
    """Do `work` in a child none of whose files may grow beyond `size_bytes`; whether that was too little for it.

    The kernel writes what fits and then refuses, as it does where a disk is full.
    """

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))
        work()

    return _child(limited, quiet=True) == FAILED


def _child(work: Callable[[], object], *, quiet: bool = False) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            if not quiet:
                traceback.print_exc()
            os._exit(FAILED)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert quiet or code in (0, KILLED), code
    return code


def _arm(moment: int) -> None:
    left = [moment]

    def here() -> bool:
        left[0] -= 1
        return left[0] < 0

    sync, replace, write = os.fsync, os.replace, os.write

    def dying_sync(descriptor: int) -> None:
        if here():
            os._exit(KILLED)
        sync(descriptor)

    def dying_replace(source: object, target: object) -> None:
        if here():
            os._exit(KILLED)
        replace(source, target)  # type: ignore[arg-type]

    def dying_write(descriptor: int, content: bytes) -> int:
        if here():
            write(descriptor, content[: len(content) // 2])
            os._exit(KILLED)
        return write(descriptor, content)

    os.fsync, os.replace, os.write = dying_sync, dying_replace, dying_write  # type: ignore[assignment]
