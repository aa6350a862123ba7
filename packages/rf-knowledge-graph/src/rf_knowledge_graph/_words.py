"""Words: how texts are cut, what is a word and what a symbol."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(r"[^\W_]+(?:&[^\W_]+)*")

_COMMON = """
A ADA AI ALL AM AN AND ANY ARE AS AT B BE BIG BILL BY C CAN CAR CARS CASH CAT CEO CFO CL CO COP
COST D DASH DAY DIS DO E EAT EU EV F FAST FIVE FOR FUN G GAP GDP GO GOOD H HAS HD HE HG HOPE I
IN IPO IS IT J JUST K KEY L LIFE LOVE LOW M MA MAIN MAN ME META MIND MS MU MY N NET NEW NEXT NG
NICE NO NOW O OF ON ONE OPEN OR OUT P PAY PC PEP PLAY PLUS PM Q R REAL ROAD ROOT RUN S SAFE SEE
SIX SO SPOT SUN T TEAM TELL THE TM TO TREE TRUE TV TWO U UK UN UP US USA USD V W WAY WE WELL
WORK WOW X Y YOU Z
"""
COMMON_TICKERS = frozenset(_COMMON.split())
"""Tickers that are also words or other abbreviations: they need ``$`` or brackets."""


def tokens_of(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the words of a text in lower case with start and end.

    Examples
    --------
    >>> [word for word, _, _ in tokens_of("AT&T's 10-year bond")]
    ['at&t', 's', '10', 'year', 'bond']
    """
    for match in _TOKEN.finditer(text):
        yield match.group().casefold(), match.start(), match.end()


def is_shouted(text: str) -> bool:
    """Return whether a text is written in capitals, so that they mean nothing."""
    letters = [letter for letter in text if letter.isalpha()]
    return len(letters) > 12 and sum(map(str.isupper, letters)) > 0.8 * len(letters)
