"""Secrets that this process knows by their value: keys and passwords, of whatever form, hidden in any text.

Where keys and passwords are read or typed they are remembered here, in memory only. Logs, reports and the messages of
exceptions go through `hide_secrets`, which finds them wherever they stand, and besides whatever looks like a secret.
"""

import json
import re
import threading
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from keymon.masking import mask_key, mask_text

_SHORTEST = 4
"""A shorter text stands in nearly any other: to hide it would hide everything, and tell what it is besides."""
_PLAIN = re.compile(r"[0-9A-Za-z_.\-]*")
"""What is written in the same way everywhere; anything else may be quoted."""


class KnownSecrets:
    """Values to be hidden; to be used from any thread."""

    def __init__(self) -> None:
        self._is_key: dict[str, bool] = {}
        self._lengths: dict[str, list[int]] = {}
        """How long the values are that begin with these characters, the longest first."""
        self._lock = threading.Lock()

    def remember_keys(self, keys: Iterable[str]) -> None:
        """Hide these API keys from now on: they are shown masked."""
        with self._lock:
            for key in keys:
                if key not in self._is_key:
                    self._add(key, is_key=True)

    def remember_password(self, password: str) -> None:
        """Hide this password, or token, from now on: nothing of it is shown."""
        with self._lock:
            self._add(password, is_key=False)

    def hide(self, text: str) -> str:
        """Return `text` with every value that is known hidden, the longest where several begin at the same place."""
        # Without the lock: what tells of a fault may run in the middle of anything, even of remembering.
        return "".join(self._parts(text)) if self._is_key else text

    def _add(self, value: str, is_key: bool) -> None:
        forms = {value}
        if not _PLAIN.fullmatch(value):
            forms |= {quote(value), quote(value, safe=""), quote_plus(value), repr(value)[1:-1]}
            forms |= {json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
        for form in forms:
            if len(form) >= _SHORTEST:
                self._is_key[form] = is_key
                lengths = self._lengths.get(form[:_SHORTEST], [])
                if len(form) not in lengths:
                    self._lengths[form[:_SHORTEST]] = sorted([*lengths, len(form)], reverse=True)

    def _parts(self, text: str) -> Iterator[str]:
        begin = at = 0
        while at <= len(text) - _SHORTEST:
            for length in self._lengths.get(text[at : at + _SHORTEST], ()):
                form = text[at : at + length]
                if form in self._is_key:
                    yield text[begin:at]
                    yield mask_key(form) if self._is_key[form] else "…"
                    begin = at = at + length
                    break
            else:
                at += 1
        yield text[begin:]


_KNOWN = KnownSecrets()
remember_keys = _KNOWN.remember_keys
remember_password = _KNOWN.remember_password


def hide_secrets(text: str) -> str:
    """Return `text` with every secret that is known by its value, or looks like one, hidden."""
    return mask_text(_KNOWN.hide(text))
