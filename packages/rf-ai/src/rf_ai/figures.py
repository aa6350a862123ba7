"""Every figure of a text against the numbered rows it may come from.

A figure is supported when a row holds it, rounded half up to the digits that are shown. With a
citation next to it, or behind it in its sentence, it must be in a cited row. Without one any row
of ours will do, but no row whose words came from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from rf_ai.reading import (
    SCALES,
    TIMES,
    Figure,
    Mark,
    blank,
    citations,
    plain,
    read_figures,
    without_names,
    worded,
)
from rf_common.intelligence import ContextRow

_DOWN = re.compile(
    r"(?i)\b(?:fell|fall\w*|down|lower|minus|negative\w*|below|dip\w*|drop\w*|loss|lost|"
    r"declin\w*|under|ask-heavy|sell\w*|outflow\w*|weak\w*|bearish|short)\b"
)
_END = re.compile(r"(?<=[.!?;])\s+|\n+")
NEXT_TO = 6
"""Letters between a figure and a citation that is next to it: "[F2] at 71.2"."""


class _Held(NamedTuple):
    """A row's words in small letters and its figures."""

    text: str
    figures: tuple[Figure, ...]

    @classmethod
    def of(cls, text: str) -> _Held:
        shown = plain(text)
        return cls(shown.lower(), tuple(read_figures(blank(TIMES, shown))))


class _Rows:
    """Rows by id, each read when it is first needed."""

    def __init__(self, rows: Sequence[ContextRow], outside: Sequence[str]) -> None:
        self._texts = {row.row_id: row.text for row in rows}
        self._outside = frozenset(outside)
        self._read: dict[str, _Held] = {}

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._texts

    def __getitem__(self, row_id: str) -> _Held:
        if row_id not in self._read:
            self._read[row_id] = _Held.of(self._texts[row_id])
        return self._read[row_id]

    @property
    def ours(self) -> list[_Held]:
        """Rows whose words are ours."""
        return [self[row_id] for row_id in self._texts if row_id not in self._outside]


class FigureReport(NamedTuple):
    """What the check found: how many figures, which have no row, which rows do not exist."""

    checked: int
    unsupported: tuple[str, ...]
    cited: tuple[str, ...]
    unknown_rows: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every figure has its row and every cited row exists."""
        return not self.unsupported and not self.unknown_rows


def check_figures(
    texts: Iterable[str],
    rows: Sequence[ContextRow],
    *,
    outside: Sequence[str] = (),
    names: Sequence[str] = (),
) -> FigureReport:
    """Return which figures and citations of `texts` the rows do not support.

    Parameters
    ----------
    texts : iterable of str
        Thesis, risks, catalyst.
    rows : sequence of ContextRow
        What the analyst was shown.
    outside : sequence of str
        Ids of rows whose words came from outside: their figures need a citation.
    names : sequence of str
        Names that may hold digits, such as the symbol: they are no figures.

    Examples
    --------
    >>> from rf_common.intelligence import ContextRow, RowKind
    >>> rows = [ContextRow("F2", RowKind.FEATURE, "rsi14 = 71.2, overbought", "quant", 0)]
    >>> check_figures(["RSI(14) is 71 [F2]"], rows).ok
    True
    >>> check_figures(["RSI(14) is 72 [F2]"], rows).unsupported
    ('72',)
    """
    held = _Rows(rows, outside)
    checked = 0
    unsupported: list[str] = []
    cited: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for text in texts:
        for sentence in _END.split(plain(text)):
            marks = list(citations(sentence))
            for mark in marks:
                cited |= dict.fromkeys(i for i in mark.ids if i in held)
                unknown |= dict.fromkeys(i for i in mark.ids if i not in held)
            bare = without_names(sentence, names)
            for figure in (*worded(bare), *read_figures(bare)):
                cites = _cites(figure, marks)
                may = [held[i] for i in cites if i in held] if cites else held.ours
                checked += 1
                if not _is_supported(figure, bare, may):
                    unsupported.append(figure.text)
    return FigureReport(checked, tuple(unsupported), tuple(cited), tuple(unknown))


def is_supported(value: float, rows: Sequence[ContextRow]) -> bool:
    """Return whether a row holds `value` as it stands, for numbers outside a text."""
    asked = Figure("", Decimal(repr(value)), Decimal(0), True, False, 0)
    return any(
        asked.value == held.value or asked.value * SCALES["%"] == held.value
        for row in rows
        for held in _Held.of(row.text).figures
    )


def _cites(figure: Figure, marks: Sequence[Mark]) -> tuple[str, ...]:
    """Return the ids a figure stands for: of the mark right behind or before it, else the next."""
    end = figure.at + len(figure.text)
    behind = next((mark for mark in marks if mark.end > figure.at), None)
    if behind is not None and behind.start - end <= NEXT_TO:
        return behind.ids
    before = next((mark for mark in reversed(marks) if mark.end <= figure.at), None)
    if before is not None and figure.at - before.end <= NEXT_TO:
        return before.ids
    return () if behind is None else behind.ids


def _is_supported(figure: Figure, sentence: str, rows: Sequence[_Held]) -> bool:
    if figure.value.is_nan():  # a number in words: only a row's very words will do
        return any(figure.text.lower() in row.text for row in rows)
    falling = _DOWN.search(sentence[max(0, figure.at - 60) : figure.at + 40]) is not None
    return any(_matches(figure, held, falling) for row in rows for held in row.figures)


def _matches(figure: Figure, row: Figure, falling: bool) -> bool:
    """Whether the row's number, rounded to the digits shown, is the figure."""
    wanted, value = row.value, figure.value
    if not figure.has_sign and wanted < 0 and falling:
        wanted = -wanted
    if _rounded(wanted, figure.step) == value:
        return _near(wanted, value)
    if row.has_unit and not figure.has_unit:  # "rally 41.3" for a row that says 41.3 %
        shown = wanted / SCALES["%"]
        return _rounded(shown, figure.step) == value and _near(shown, value)
    return False


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    if abs(value) > step * 10**24:
        return value
    return (value / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step


def _near(value: Decimal, shown: Decimal) -> bool:
    """Whether rounding took away no more than a twentieth: 1 does not stand for 0.62."""
    return abs(value - shown) * 20 <= abs(value)
