"""Secrets that are planted wherever a secret may be, and the search for them in whatever leaves keymon.

Found is also what is left of one: as many characters in a row as no mask shows.
"""

import base64
import html
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import quote, quote_plus

from keymon.masking import visible
from tests.faults.tally import Tally
from tests.gateway import Gateway

KEYS = {
    "Google": "AIzaSyCAnary1qX7wZ0kLm9Vt3Rb8Nc5Yd2Hf6J",
    "Vertex": "AQ.Ab8RN6CAnary2uT5sW9xQ3mE7zK1vB4nG0hJ8fD6cL2pR",
    "token": "sk-CAnary3-pW8rX2kQ6yM4tZ9vL1",
    "plain": "homemade_CAnary4_Hk3Jw9Tz7Qm5",
    "spaces": "home made CAnary5 Xv2 Rn8 Kd4 Lp6",
    "quotes": """o'CAnary6"\\Wy5\\'Bs9"Gz3`Tf7""",
    "letters": "ключ-CAnary7-é密钥\U0001f511Vq4Ks8",
    "percent": "100%CAnary8%20Jt6&k=Zp3+Ud9/Hb5?",
    "long": "CAnary9-" + "".join(f"{n * 7919:05x}." for n in range(1, 16)),
}
"""Keys of a pool, by their form; a gateway keeps 100 characters of a key at most."""
STRAY = "stray-CAnary10-Mf8Qw2Ez6Xr4"
"""A key that has calls, but is not in the pool."""
PASSWORDS = {
    "plain": "pwCAnary11Lk4Vz8Tq",
    "spaces": "pw CAnary12 Nd6 Hx2 Yj9",
    "quotes": """pw'CAnary13"\\Rb5`Gm3""",
    "letters": "пароль-CAnary14-é密码Wf7Zc",
    "percent": "pw%CAnary15%2FQs8&+Kp3=#!",
    "url": "pw:CAnary16@Jv2/Tx9?Bn5;",
}
SETTINGS = {
    "AUTH_TOKEN": "sk-CAnary17-Ew5Rk9Ly3Pu7",
    "ALLOWED_TOKENS": '["sk-CAnary18-Cz4Gq8Mx2Vd6", "any CAnary19 Fb7 Ks3"]',
    "MYSQL_PASSWORD": "settings-CAnary20-Zn5Dw1Jr8",
    "PAID_KEY": "AIzaSyCAnary21hU6yT4rE8wQ2pO0iL9kJ7fD5s",
    "PROXIES": '["http://proxy.example?CAnary22-Yg9Hm3Xt7"]',
    "SMMS_SECRET_TOKEN": "smms CAnary23 Qk2Wv6Bz8",
}
"""Settings that are none of keymon's business."""
IN_TEXTS = {
    "token of a client": "sk-CAnary24-Tr7Lp3Nx9Wz5",
    "URL": "mysql://gateway:pw-CAnary25-Hs4Fj8@db.example/gateway",
}
"""What an error's text may quote besides keys."""

_ROW = 12
"""A mask shows six characters in a row at most."""


def _forms(part: str) -> set[str]:
    """Return a part of a secret in each form that it may be written in."""
    content = part.encode()
    return {
        part,
        part[::-1],
        part.lower(),
        part.upper(),
        quote(part),
        quote(part, safe=""),
        quote_plus(part),
        json.dumps(part)[1:-1],
        json.dumps(part, ensure_ascii=False)[1:-1],
        repr(part)[1:-1],
        ascii(part)[1:-1],
        html.escape(part),
        visible(part),
        content.decode("latin-1"),
        content.hex(),
        content[::-1].hex(),
        # Of parts that begin at each place some begin where three bytes become four letters.
        base64.b64encode(content[: len(content) // 3 * 3]).decode(),
        part.encode("utf-16-le").decode("latin-1"),
        part.encode("utf-16-be").decode("latin-1"),
    }


class Search:
    """Looks for secrets in artefacts, each of a `kind`, and tells the tally."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._rows: dict[str, list[tuple[str, str]]] = {}
        """What gives a secret away, and the secret, by the characters that it begins with."""
        self.found: list[str] = []

    def plant(self, *secrets: str) -> None:
        """Look for these, too."""
        for secret in secrets:
            assert len(secret) >= _ROW
            self._tally.secrets_planted.add(secret)
            for at in range(len(secret) - _ROW + 1):
                for form in _forms(secret[at : at + _ROW]):
                    self._rows.setdefault(form[:_ROW], []).append((form, secret))

    def look(self, kind: str, *artefacts: str | bytes) -> None:
        """Look through artefacts."""
        for artefact in artefacts:
            self._tally.artefacts[kind] += 1
            text = artefact if isinstance(artefact, str) else artefact.decode("latin-1")
            beginnings = self._rows.keys() & {text[at : at + _ROW] for at in range(len(text) - _ROW + 1)}
            there = {secret: form for one in beginnings for form, secret in self._rows[one] if form in text}
            for secret, form in there.items():
                at = text.index(form)
                told = f"{kind}: {secret!r} in {text[max(at - 60, 0) : at + 60]!r}"
                self.found.append(told)
                self._tally.secrets_found.append(told)


def plant(gateway: Gateway, at: datetime, password: str = PASSWORDS["plain"]) -> None:
    """Fill a gateway that began with `KEYS` with secrets; its calls end before `at`, its naive local time."""
    for name, value in SETTINGS.items():
        gateway.setting(name, value)
    gateway.setting("VERTEX_API_KEYS", json.dumps([KEYS["Vertex"]]))
    gateway.setting("TEST_MODEL", f"model-of-{KEYS['plain']}")
    gateway.setting("MAX_FAILURES", KEYS["Google"])
    keys = [*KEYS.values(), STRAY]
    for number, (key, other) in enumerate(zip(keys, keys[1:] + keys[:1], strict=True)):
        # What has calls of its own alone is known only to who reads all calls; what is too long is cut off.
        model = key if other == STRAY else f"models/{other}" if len(other) < 90 else other
        started = at - timedelta(minutes=5 + number)
        statuses = [200, 400, 400, 400, 429] if number % 2 else [200]
        if gateway.text_statuses:
            statuses.append(f"refused {other}")  # type: ignore[arg-type]
        for second, status in enumerate(statuses):
            call = started + timedelta(seconds=2 * second)
            gateway.call(key, call, model, status)
            if status != 200:
                text = _error(second, key, other, password)
                row = (
                    key,
                    model,
                    f"kind {other}" if len(other) < 45 else "kind",
                    text,
                    400,
                    json.dumps({"key": other}),
                    call,
                )
                gateway.errors([row])


def _error(number: int, key: str, other: str, password: str) -> str:
    """Return what an upstream may answer."""
    url = f"GET /v1beta/models?key={quote(key)}&other={quote_plus(other)}"
    said = f"{url} failed: {key} and {other}, {' '.join(IN_TEXTS.values())}, {password} are refused"
    texts = (
        json.dumps({"error": {"code": 400, "message": said, "status": "INVALID_ARGUMENT"}}),
        json.dumps({"error": {"code": 400, "message": said}}, ensure_ascii=False, indent=2),
        f"Traceback: {said!r}\n{said}",
        "x" * (240 - len(other) // 2) + other,
        "y" * (20_000 - len(other) // 2) + other + said,
    )
    return texts[number % len(texts)]


def all_of(*groups: Iterable[str] | dict[str, str]) -> list[str]:
    """Return secrets by their values, those of lists one by one."""
    found: list[str] = []
    for group in groups:
        for value in group.values() if isinstance(group, dict) else group:
            found += json.loads(value) if value.startswith("[") else [value]
    return found


IN_GATEWAY = all_of(KEYS, SETTINGS, [STRAY, IN_TEXTS["token of a client"], "pw-CAnary25-Hs4Fj8"])
"""Whatever `plant` puts there but the password."""
