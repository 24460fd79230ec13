"""Secrets that this process knows by their value, in memory only, and where they stand in a text.

Whatever reads or is given a key or a password tells it here; `masking` and `known_secrets` hide it.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator

from keymon.private_memory import keep_private

_SHORTEST = 4
"""A shorter text stands in nearly any other: to hide it would hide everything, and tell what it is besides."""
SHORTEST_IN_TEXTS = 10
"""A shorter value may well be a word, or a part of one, and the gateway's own texts are to be read."""
_PLAIN = re.compile(r"[0-9A-Za-z_.\-]*")
"""What is written in the same way everywhere; anything else may be quoted."""
_MOST_STARTS = 64
"""With more of them a pattern is no quicker than a look at every place."""


class SecretValues:
    """Values to be hidden; to be used from any thread. Whoever hides does not wait for whoever remembers."""

    def __init__(self) -> None:
        self._is_key: dict[str, bool] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}
        """How long the values are that begin with these characters, the longest first."""
        self._starts: re.Pattern[str] | None = None
        """Finds these characters; None where there are too many, or none."""
        self._lock = threading.Lock()

    def remember_keys(self, keys: Iterable[str]) -> None:
        """Hide these API keys from now on: they are shown masked."""
        new = [key for key in keys if key not in self._is_key]
        if new:
            self._add(new, is_key=True)

    def remember_password(self, password: str) -> None:
        """Hide this password, or token, from now on: nothing of it is shown."""
        if len(password) >= _SHORTEST and self._is_key.get(password) is not False:
            self._add([password], is_key=False)

    def hide(self, text: str, shown: Callable[[str], str], shortest: int = _SHORTEST) -> str:
        """Return `text` with every known value of at least `shortest` characters hidden, keys as `shown` shows them.

        Of several that begin at the same place it is the longest.
        """
        return "".join(self._parts(text, shown, shortest)) if self._is_key and len(text) >= shortest else text

    def hide_cut(self, text: str, shortest: int = SHORTEST_IN_TEXTS) -> str:
        """Return `text`, which was cut off behind its end, without the beginning of a value that it ends with."""
        for at in self._places(text):
            if at <= len(text) - shortest:
                rest = text[at:]
                if len(rest) < self._lengths[rest[:_SHORTEST]][0] and any(
                    value.startswith(rest) for value in tuple(self._is_key)
                ):
                    return text[:at] + "…"
        return text

    def forget_all(self) -> None:
        """Know none any more: for tests, which are not to profit from each other."""
        self._is_key, self._lengths, self._starts = {}, {}, None

    def _add(self, values: list[str], is_key: bool) -> None:
        keep_private()
        match = _PLAIN.fullmatch
        forms = [value for value in values if match(value)]
        if len(forms) < len(values):
            forms += [form for value in values if not match(value) for form in _forms(value)]
        # Of a million keys, whatever is done for each takes its time.
        self._is_key.update(dict.fromkeys(forms, is_key))
        with self._lock:
            before = len(self._lengths)
            for start, length in {(form[:_SHORTEST], len(form)) for form in forms}:
                known = self._lengths.get(start, ())
                if length >= _SHORTEST and length not in known:
                    self._lengths[start] = tuple(sorted((*known, length), reverse=True))
            if len(self._lengths) > before:
                is_few = len(self._lengths) <= _MOST_STARTS
                self._starts = re.compile("|".join(map(re.escape, self._lengths))) if is_few else None

    def _places(self, text: str) -> Iterator[int]:
        """Yield where a value may begin."""
        if self._starts is not None:
            found = self._starts.search(text)
            while found is not None:
                yield found.start()
                found = self._starts.search(text, found.start() + 1)
        else:
            lengths = self._lengths
            for at in range(len(text) - _SHORTEST + 1):
                if text[at : at + _SHORTEST] in lengths:
                    yield at

    def _parts(self, text: str, shown: Callable[[str], str], shortest: int) -> Iterator[str]:
        begin = 0
        for at in self._places(text):
            form = self._found(text, at, shortest) if at >= begin else None
            if form is not None:
                yield text[begin:at]
                yield shown(form) if self._is_key[form] else "…"
                begin = at + len(form)
        yield text[begin:]

    def _found(self, text: str, at: int, shortest: int) -> str | None:
        for length in self._lengths.get(text[at : at + _SHORTEST], ()):
            form = text[at : at + length]
            if length >= shortest and form in self._is_key:
                return form
        return None


def _forms(value: str) -> set[str]:
    """Return a value as it is, and as it may be quoted."""
    import json  # most keys do without
    from urllib.parse import quote, quote_plus

    readable = value.encode("utf-8", "surrogatepass")
    forms = {value, quote(readable), quote(readable, safe=""), quote_plus(readable), repr(value)[1:-1]}
    return forms | {json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}


SECRETS = SecretValues()
"""Those of this process."""
