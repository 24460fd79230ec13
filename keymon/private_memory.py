"""Keeps this process's memory, which holds keys and passwords, out of dumps and out of other processes' reach.

Nothing here is heavy: it is done at the very start, and once more when the first secret is known.
"""

import sys
from contextlib import suppress
from functools import cache

_SET_DUMPABLE = 4
"""Linux's PR_SET_DUMPABLE."""
_NO_HEAP = 1
"""Windows' WER_FAULT_REPORTING_FLAG_NOHEAP."""


def forbid_core_dumps() -> None:
    """Let no crash write a core file, from now on. Programs that are started from here write none either."""
    with suppress(ImportError, OSError, ValueError):  # Windows has no such limit; one that is lower already stays
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@cache
def keep_private() -> None:
    """Refuse dumps to programs that collect them whatever the limit, and reading by others of the same user.

    Debuggers of the same user are refused too, as is /proc/self/environ. Programs that are started from here are not
    concerned. Done once, when the first secret is known: what it takes to do so takes longer to load than to do.
    """
    import ctypes

    with suppress(OSError, AttributeError):  # another libc
        if sys.platform.startswith("linux"):
            ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
        elif sys.platform == "win32":
            ctypes.windll.kernel32.WerSetFlags(_NO_HEAP)
