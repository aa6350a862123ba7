"""Numbers as they stand in a text: figures, citations, and what has digits but is neither."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

SCALES = {
    "%": Decimal("0.01"),
    "percent": Decimal("0.01"),
    "per cent": Decimal("0.01"),
    "bps": Decimal("0.0001"),
    "bp": Decimal("0.0001"),
    "basis points": Decimal("0.0001"),
    "k": Decimal(1_000),
    "thousand": Decimal(1_000),
    "m": Decimal(1_000_000),
    "mn": Decimal(1_000_000),
    "million": Decimal(1_000_000),
    "b": Decimal(1_000_000_000),
    "bn": Decimal(1_000_000_000),
    "billion": Decimal(1_000_000_000),
}
_UNITS = "|".join(sorted(map(re.escape, SCALES), key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?<![\w.])(?P<sign>[+-]?)[$€£]?"
    rf"(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    rf"(?P<power>e[+-]?\d{{1,3}})?"
    rf"(?:\s?(?P<unit>{_UNITS})(?![A-Za-z])|x\b)?",
    re.IGNORECASE,
)
_ID = re.compile(r"\b[FSGNH]\d{1,3}\b")
_CITATION = re.compile(
    r"[\[(][^\[\]()]{0,80}?\b[FSGNH]\d{1,3}\b[^\[\]()]{0,80}?[\])]"
    r"(?:\s?(?:,|;|&|and)?\s?\[[^\[\]()]{0,80}?\b[FSGNH]\d{1,3}\b[^\[\]()]{0,80}?\])*"
)
_NAMES = re.compile(
    r"\bRSI\s?\(14\)|\bRSI-?14\b|\bMACD\s?\(12,\s?26,\s?9\)|\bE?GARCH\s?\(1,\s?1\)"
    r"|\bS&P 500\b|\bNasdaq[ -]100\b|\bRussell 2000\b|\b(?:10-[KQ]|8-K)\b"
    r"|\bQ[1-4]\b|\bFY\s?20\d\d\b",
    re.IGNORECASE,
)
TIMES = re.compile(
    r"\b20\d\d-[01]\d-[0-3]\d(?:T[\d:.]+Z?)?\b|\b[0-2]?\d:[0-5]\d(?::[0-5]\d)?(?:\s?UTC|Z)?\b"
    r"|\b[0-3]?\d (?-i:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|"
    r"Aug(?:ust)?|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)(?: 20\d\d)?\b"
    r"|\b\d{1,3}(?:\s?(?:-|to)\s?\d{1,3})?[ -](?:trading |business |calendar )?"
    r"(?:minute|min|hour|day|session|week|month|quarter|year)s?\b",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(?<=\d)(?:\s?%)?\s?[-/]\s?(?=[$€£]?\d)|(?<=%)\s?[-/]\s?(?=\d)")
_WORDS = re.compile(
    r"(?i)\b(?:half|twice|double[ds]?|triple[ds]?|"
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|"
    r"forty|fifty|sixty|seventy|eighty|ninety|hundred)"
    r"(?:[- ](?:one|two|three|four|five|six|seven|eight|nine|hundred|thousand))?"
    r"\s?(?:%|percent|per cent|basis points|dollars|million|billion|sigma|standard deviations))\b"
)
_GLUED = re.compile(r"(?<![\d.,])[A-Za-z_]+\d+(?:\.\d+)?")
NAN = Decimal("NaN")


class Figure(NamedTuple):
    """One number as it stands in a text.

    `value` is in plain units (41 % is 0.41), `step` the size of its last digit there, `at` its
    place.
    """

    text: str
    value: Decimal
    step: Decimal
    has_sign: bool
    has_unit: bool
    at: int


class Mark(NamedTuple):
    """Where a citation stands and the ids it names."""

    start: int
    end: int
    ids: tuple[str, ...]


def figures(text: str) -> list[Figure]:
    """Return the figures of `text` in order; ids, dates, horizons and names are none.

    Examples
    --------
    >>> [f.text for f in figures("RSI(14) at 71.2 [F2], vol 24.31 % over 2-5 days")]
    ['71.2', '24.31 %']
    """
    return list(read_figures(without_names(plain(text))))


def plain(text: str) -> str:
    """Return `text` with one kind of digit, minus and space, and without invisible letters."""
    shown = unicodedata.normalize("NFKC", text)
    if not shown.isascii():
        shown = "".join(
            letter for letter in shown if unicodedata.category(letter) not in {"Cf", "Mn", "Cs"}
        )
        shown = "".join(
            str(unicodedata.digit(letter)) if unicodedata.category(letter) == "Nd" else letter
            for letter in shown
        )
    shown = shown.translate({0x2212: "-", 0x2010: "-", 0x2011: "-", 0x2013: "-", 0x2014: " - "})
    return shown.replace("\u2044", "/")


def without_names(text: str, names: Sequence[str] = ()) -> str:
    """Return `text` with everything blanked that has digits but is no figure; places stay."""
    shown = _CITATION.sub(lambda m: blank(_ID, m.group()), text)
    for name in names:
        if name:
            shown = re.sub(re.escape(name), lambda m: " " * len(m.group()), shown)
    return blank(TIMES, blank(_NAMES, shown))


def blank(pattern: re.Pattern[str], text: str) -> str:
    """Return `text` with spaces in place of what the pattern finds."""
    return pattern.sub(lambda m: " " * len(m.group()), text)


def citations(sentence: str) -> Iterator[Mark]:
    """Yield the citations of a sentence; several in a row are one."""
    for found in _CITATION.finditer(sentence):
        yield Mark(found.start(), found.end(), tuple(_ID.findall(found.group())))


def read_figures(text: str) -> Iterator[Figure]:
    """Yield the figures of a plain text whose names and ids are blanked."""
    shown = _RANGE.sub(lambda m: _apart(m.group()), text)
    for found in _NUMBER.finditer(shown):
        unit = (found["unit"] or "").lower()
        scale = SCALES.get(unit, Decimal(1))
        if found["power"]:
            scale *= Decimal(10) ** int(found["power"][1:])
        digits = found["digits"].replace(",", "")
        value = Decimal(digits) * scale
        places = len(digits.partition(".")[2])
        yield Figure(
            text[found.start() : found.end()].strip(),
            -value if found["sign"] == "-" else value,
            scale.scaleb(-places),
            bool(found["sign"]),
            unit in {"%", "percent", "per cent", "bp", "bps", "basis points"},
            found.start(),
        )


def worded(text: str) -> Iterator[Figure]:
    """Yield numbers in words and inside words, such as twice and rsi99."""
    for pattern in (_WORDS, _GLUED):
        for found in pattern.finditer(text):
            yield Figure(found.group().strip(), NAN, Decimal(1), True, True, found.start())


def _apart(text: str) -> str:
    """Return a range's hyphen or slash as spaces, so that it is not taken for a minus."""
    return text.replace("-", " ").replace("/", " ")
