"""How secrets and foreign text are shown: keys masked, passwords removed, control characters visible.

Everything that leaves keymon (a label, a log line, an error, a table on a terminal) and that holds a key
or text from the database goes through here.
"""

import re
import unicodedata
from collections.abc import Callable

from keymon.secret_values import SECRETS, SHORTEST_IN_TEXTS

_HEAD, _TAIL = 6, 4

# Patterns are compiled by `re` when they are first used: the window is seen sooner.
_LEFT_OUT = r"…|\.\.\.|\\u2026"
"""What stands for the middle of a key: as `mask_key` writes it, as many type it, and as it is written in JSON."""
_FORMS = (
    r"AIza[0-9A-Za-z_\-]{16,}"  # Google API keys
    r"|AQ\.[0-9A-Za-z_\-]{16,}"  # Vertex express keys
    r"|\bsk-[0-9A-Za-z_\-]{8,}"  # tokens of OpenAI-compatible clients
)
_CUT_FORMS = r"(?:AIza|AQ\.|\bsk-)[0-9A-Za-z_\-]*\Z|(?<=://)[^/\s:@]*:\S*\Z"
"""What is left of a key or of a URL where a text was cut off in it: too short to be taken for one."""

_UP_TO_AT = r"(?<!\S)\S+@"
"""A word up to its last @: a password that was not quoted may hold one, and slashes besides."""
_ACCOUNT = r"(?<=://)([^/\s:@]*):.+(?=@)"
"""With its password, in such a word: in any text the search would take time by the square of its length."""
_AHEAD = 4_096
"""So much more than is shown of a long text is looked at: what is masked becomes shorter."""


def mask_key(key: str) -> str:
    """Return `key` as its first 6 and last 4 characters; less of a short one, so that most stays hidden."""
    if len(key) >= 2 * (_HEAD + _TAIL):
        return visible(f"{key[:_HEAD]}…{key[-_TAIL:]}")
    return visible(f"{key[: len(key) // 6]}…{key[len(key) - len(key) // 6 :]}") if key else "(empty)"


def key_matcher(wanted: str) -> Callable[[str], bool]:
    """Return what tells of a key whether it is `wanted`, ends so, or is shown so: with “…” for its middle."""
    beginning, *end = re.split(_LEFT_OUT, wanted, maxsplit=1)
    if not end:
        return lambda key: key.endswith(wanted)
    return lambda key: len(key) >= len(beginning) + len(end[0]) and key.startswith(beginning) and key.endswith(end[0])


def is_shown_masked(key: str) -> bool:
    """Tell whether `key` is what a masked one looks like: with “…” for its middle."""
    return re.search(_LEFT_OUT, key) is not None


def mask_url(url: str) -> str:
    """Return a database URL without its password and its query, however badly it is written."""
    scheme, separator, rest = url.partition("://")
    if not separator and looks_like_account(url):
        return visible(url[: url.index(":")] + ":…" + url[url.rindex("@") :])
    account, at, place = rest.rpartition("@")
    user = account.partition(":")[0] + "@" if at else ""
    return visible(scheme + separator + user + re.split("[?#]", place)[0])


def looks_like_account(text: str) -> bool:
    """Tell whether `text`, which is no URL, holds what looks like an account with its password before an @."""
    return re.search(r":[^@]*@", text) is not None


def mask_text(text: str) -> str:
    """Return `text` with whatever looks like a key, a token or a password in a URL masked, and what is known to be."""
    return mask_patterns(SECRETS.hide(text, mask_key, SHORTEST_IN_TEXTS))


def mask_patterns(text: str) -> str:
    """Return `text` with whatever looks like a key, a token or a password in a URL masked."""
    without_passwords = re.sub(_UP_TO_AT, lambda word: re.sub(_ACCOUNT, r"\1:…", word.group()), text)
    return re.sub(_FORMS, lambda found: mask_key(found.group()), without_passwords)


def mask_text_of(key: str | None, text: str) -> str:
    """Return `text` with `key`, of whatever form it is, masked too."""
    return mask_text(text.replace(key, mask_key(key)) if key and len(key) >= _HEAD + _TAIL else text)


def without_secrets(text: str, put: str, key: str | None = None) -> str:
    """Return `text` with `put` for whatever looks like a key or a token or is known to be one, and for `key`."""
    text = text.replace(key, put) if key and len(key) >= _HEAD + _TAIL else text
    return re.sub(_FORMS, put, SECRETS.hide(text, lambda _: put, SHORTEST_IN_TEXTS))


def without_cut_secret(text: str, limit: int) -> str:
    """Return `text`, of which at most `limit` characters were read, without what is left of a secret at its end."""
    return re.sub(_CUT_FORMS, "…", SECRETS.hide_cut(text)) if len(text) >= limit else text


def foreign(text: str, limit: int = 200) -> str:
    """Return text from the database as it is shown: secrets masked, on one line, elided at `limit`."""
    most = limit + _AHEAD
    return visible(mask_text(text if len(text) <= most else without_cut_secret(text[:most], most)), limit)


def visible(text: str, limit: int = 200) -> str:
    """Return `text` on one line, elided at `limit`, with control and invisible characters as code points.

    A model name is whatever a client of the gateway sent, so it may try to reorder, hide or style what
    stands beside it.
    """
    begin = text[: limit + 1]
    shown = begin if begin.isascii() and begin.isprintable() else "".join(map(_visible_character, begin))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _visible_character(c: str) -> str:
    if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return f"\\u{ord(c):04x}"
    return c
