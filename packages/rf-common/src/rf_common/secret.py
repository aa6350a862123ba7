"""Secrets that do not print themselves, and one mask for every text that leaves the program."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_MASK = "***"
_MIN_LENGTH = 6
_IN_URL = re.compile(
    r"(?i)([\w-]*(?:api[_-]?key|token|secret|signature|passphrase|password)(?:[_-]?key)?=)[^&\s\"']+"
)
_IN_PATH = re.compile(r"(?i)(api\.telegram\.org/bot|discord(?:app)?\.com/api/webhooks/)[^\s\"']+")
_LOGIN = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^\s/]+@")
_BEARER = re.compile(r"(?i)(\bbearer\s+)[A-Za-z0-9._~+/=-]+")


class Secret:
    """A value that shows its length and at most its last three characters, never its start.

    Examples
    --------
    >>> Secret("sk-ant-abcdefghijklmnop9a2")
    Secret(…9a2, 26 characters)
    >>> str(Secret("short"))
    '(5 characters)'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself; call it only where it is sent."""
        return self._value

    def hint(self) -> str:
        """Return what may be shown to a person."""
        if len(self._value) < 16:
            return f"({len(self._value)} characters)"
        return f"…{self._value[-3:]}, {len(self._value)} characters"

    def __bool__(self) -> bool:
        return bool(self._value.strip())

    def __str__(self) -> str:
        return self.hint()

    def __repr__(self) -> str:
        return f"Secret({self.hint()})"

    def __format__(self, spec: str) -> str:
        return format(self.hint(), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret cannot be pickled")


class Redactor:
    """Replaces known secrets, and what looks like one inside a URL, in any text.

    Parameters
    ----------
    secrets : iterable of Secret
        Values to hide; shorter ones than six characters are not searched for, they would
        hide ordinary words.

    Examples
    --------
    >>> Redactor([Secret("hunter22")]).text("login hunter22, https://x.io/?token=abc")
    'login ***, https://x.io/?token=***'
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        values = {secret.reveal().strip() for secret in secrets}
        spelt = {form for v in values if len(v) >= _MIN_LENGTH for form in _spellings(v)}
        known = sorted(spelt, key=lambda v: (-len(v), v))
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        """Return `text` with secrets masked."""
        if self._known is not None:
            text = self._known.sub(_MASK, text)
        text = _IN_URL.sub(rf"\1{_MASK}", text)
        text = _IN_PATH.sub(rf"\1{_MASK}", text)
        text = _LOGIN.sub(rf"\1{_MASK}@", text)
        return _BEARER.sub(rf"\1{_MASK}", text)


def _spellings(value: str) -> set[str]:
    """Return the value as it stands in plain text, in a URL and in JSON."""
    in_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    return {value, quote(value), quote(value, safe=""), quote_plus(value)} | in_json
