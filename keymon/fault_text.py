"""What exceptions say, as text without secrets: which, where, and by which way; never the values of variables."""

import traceback
from collections.abc import Iterator
from pathlib import Path

from keymon.known_secrets import hide_secrets
from keymon.masking import visible

LONGEST = 2_000
"""A message that is longer is elided."""
_READ, _TAIL = 20_000, 4_000
_MOST_FRAMES, _MOST_ERRORS = 60, 20
_LIBRARIES = "site-packages"
_OURS = Path(__file__).resolve().parents[1]


def shown(text: str, limit: int = LONGEST) -> str:
    """Return foreign text on one line, secrets hidden and control characters visible, elided at `limit`."""
    return visible(_hidden(text), limit)


def _hidden(text: str) -> str:
    """Return `text` with its secrets hidden; of a very long one only the beginning, and no half of a secret."""
    if len(text) <= _READ:
        return hide_secrets(text)
    return hide_secrets(text[:_READ])[:-_TAIL] + "…"


def place_of(error: BaseException) -> str:
    """Return where an exception was raised: the last place of ours that it went through, else the last of all."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    ours = [frame for frame in frames if _is_ours(frame.filename)]
    frame = (ours or list(frames))[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}"


def message_of(error: BaseException) -> str:
    """Return the class of an exception and what it says."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - it may be broken itself
        message = "(its message cannot be read)"
    return f"{type(error).__name__}: {shown(message)}" if message else type(error).__name__


def trace_lines(error: BaseException) -> list[str]:
    """Return an exception with its traceback as lines to be shown, those before that it came from, those of a group."""
    return list(_lines(error, set()))


def _lines(error: BaseException, told: set[int]) -> Iterator[str]:
    told.add(id(error))
    if len(told) > _MOST_ERRORS:
        return
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in told:
        yield from _lines(before, told)
        yield "From that came:" if error.__cause__ is not None else "While that was dealt with:"
    for frame in traceback.extract_tb(error.__traceback__, limit=-_MOST_FRAMES):
        yield f"  {shown(short_path(frame.filename))}, line {frame.lineno}, in {shown(frame.name)}"
        if frame.line:
            yield f"    {shown(frame.line)}"
    yield message_of(error)
    yield from (f"  {shown(str(note))}" for note in getattr(error, "__notes__", ()))
    if isinstance(error, BaseExceptionGroup):
        for number, one in enumerate(error.exceptions, 1):
            if id(one) not in told:
                yield f"  {number} of {len(error.exceptions)}:"
                yield from (f"  {line}" for line in _lines(one, told))


def _is_ours(path: str) -> bool:
    return _LIBRARIES not in path and Path(path).is_relative_to(_OURS)


def short_path(path: str) -> str:
    """Return a path without the folders of whoever keymon runs for."""
    parts = Path(path).parts
    if _LIBRARIES in parts:
        return "/".join(parts[parts.index(_LIBRARIES) + 1 :])
    return Path(path).relative_to(_OURS).as_posix() if _is_ours(path) else "/".join(parts[-2:])
