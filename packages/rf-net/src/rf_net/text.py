"""Text from outside, made fit for logs and terminals."""

from __future__ import annotations

import unicodedata


def plain(text: str, limit: int = 200) -> str:
    """Return at most `limit` characters of `text` on one line.

    Control, bidirectional, unassigned and line-breaking characters become blanks, and blanks
    are run together.
    """
    head = text[: limit * 4]
    clean = "".join(" " if _is_unprintable(letter) else letter for letter in head)
    return " ".join(clean.split())[:limit]


def _is_unprintable(letter: str) -> bool:
    return unicodedata.category(letter) in {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
