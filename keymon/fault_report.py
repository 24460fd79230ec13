"""What is told of faults of keymon's own and of its crashes: a report for whoever mends it, without secrets.

It is in English whatever the window speaks, and holds no values of variables.
"""

import re
import time
from collections.abc import Sequence

from keymon.crashes import Crash
from keymon.fault_text import short_path, shown
from keymon.faults import Fault
from keymon.log import last_lines

_MOST_LOG_LINES = 30
_MOST_FAULTS = 5
_MOST_CRASH_LINES = 200
_FILE = re.compile(r'(?<=File ")[^"]+')
_BEGAN = time.monotonic()


def fault_report(faults: Sequence[Fault], gateway: str) -> str:
    """Return a report of `faults`, the first of which is told first; `gateway` is the kind of what is followed."""
    parts = [f"keymon has met {faults[0].line}.", _about(gateway)]
    for fault in faults[:_MOST_FAULTS]:
        times = "" if fault.number == 1 else f", {fault.number} times by then"
        parts.append("\n".join((f"At {fault.at.isoformat(timespec='seconds')}{times}:", *fault.lines)))
    if len(faults) > _MOST_FAULTS:
        parts.append(f"And {len(faults) - _MOST_FAULTS} more.")
    return _joined([*parts, _log()])


def crash_report(crashes: Sequence[Crash]) -> str:
    """Return a report of what a crash left behind, the newest of `crashes`."""
    from keymon.versions import versions

    crash = crashes[0]
    parts = [f"keymon ended unexpectedly at {crash.at.isoformat(timespec='seconds')}."]
    if len(crashes) > 1:
        parts.append("Before that:\n" + "\n".join(f"at {one.at.isoformat(timespec='seconds')}" for one in crashes[1:]))
    text = _FILE.sub(lambda found: short_path(found.group()), crash.text)
    lines = [shown(line.rstrip(), 400) for line in text.splitlines()[:_MOST_CRASH_LINES]]
    return _joined([*parts, versions(), "\n".join(lines), _log()])


def _about(gateway: str) -> str:
    from keymon.versions import versions  # which takes time to import

    minutes, seconds = divmod(round(time.monotonic() - _BEGAN), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{versions()}\nRunning for {hours} h {minutes} min {seconds} s\nGateway: {gateway}"


def _log() -> str:
    return "\n".join(("The last lines of the log:", *(last_lines(_MOST_LOG_LINES) or ["(there are none)"])))


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(parts) + "\n"
