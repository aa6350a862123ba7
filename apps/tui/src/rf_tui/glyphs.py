"""Which characters may be drawn: what comes from outside, and what a plain terminal gets.

Every glyph of ours is one column wide. On terminals that draw some of them two columns wide, or
that have no Unicode, `--ascii` turns the finished picture into ASCII, glyph by glyph, so no
widget has to know.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from urwid import calc_width

UP, DOWN, FLAT = "▲", "▼", "="
BARS = "▁▂▃▄▅▆▇█"

_ASCII = {
    "─": "-", "━": "-", "═": "=", "│": "|", "║": "|",
    "┌": "+", "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+", "┬": "+", "┴": "+", "┼": "+",
    "╒": "+", "╕": "+",
    "▲": "^", "▼": "v", "●": "*", "◐": "~", "○": "o", "█": "#", "░": ":", "▒": "%",
    "▁": ".", "▂": "_", "▃": "-", "▄": "=", "▅": "+", "▆": "*", "▇": "%",
    "…": "~", "·": ".", "—": "-", "–": "-", "←": "<", "→": ">", "↑": "^", "↓": "v",
    "×": "x", "±": "+", "≤": "<", "≥": ">", "’": "'", "‘": "'", "“": '"', "”": '"',
}  # fmt: skip
_TO_ASCII = str.maketrans(_ASCII)


def to_ascii(text: str) -> str:
    """Return `text` in ASCII with as many characters; what has no likeness becomes ``?``.

    Examples
    --------
    >>> to_ascii("┌ BTC ▲0.24% … ☃")
    '+ BTC ^0.24% ~ ?'
    """
    return text.translate(_TO_ASCII).encode("ascii", "replace").decode("ascii")


def clean(text: str) -> str:
    r"""Return text from outside as it may stand on a screen.

    Control and formatting characters (also those that turn the direction of writing) are left
    out, blanks of any kind become spaces, and what is not exactly one column wide becomes ``?``.

    Examples
    --------
    >>> clean("a\x1b[31mb\u202ec\n")
    'a[31mbc '
    """
    if text.isascii() and text.isprintable():
        return text
    return _cleaned_text(text)


@lru_cache(maxsize=4096)
def _cleaned_text(text: str) -> str:
    return "".join(map(_cleaned, text))


def _cleaned(char: str) -> str:
    if char.isspace():
        return " "
    if unicodedata.category(char)[0] == "C" or unicodedata.combining(char):
        return ""
    return char if calc_width(char, 0, 1) == 1 else "?"
