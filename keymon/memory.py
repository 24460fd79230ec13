"""Has memory that is no longer needed given back to the system."""

import ctypes
import sys
from contextlib import suppress
from functools import cache

_LARGE = 1 << 20
_MMAP_THRESHOLD = -3
"""glibc's M_MMAP_THRESHOLD: blocks of this size on are the system's own, and go back to it when they are freed."""


@cache
def give_back_large_blocks() -> None:
    """See to it that large blocks go back to the system when they are freed; done once a process.

    By itself glibc keeps ever larger ones: each time a million calls had been judged, some 60 MB. Other systems
    need no telling.
    """
    if sys.platform.startswith("linux"):
        with suppress(OSError, AttributeError):  # a libc that is not glibc
            ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)
