"""What a process of the device sets for itself before it loads anything."""

import ctypes
import os

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1 << 20


def settle() -> None:
    """Files are made for their owner alone; one thread for arithmetic; large arrays are given back when they are freed.

    glibc raises the size from which it does the last by itself, up to 32 MiB, after which a recommender keeps 50 MB of
    freed arrays for good. Elsewhere than on glibc nothing is changed.
    """
    os.umask(0o077)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
