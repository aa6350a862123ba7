"""From styled text to canvas rows, in one pass and without urwid's layout machinery.

A line is a sequence of spans; a span is the name of a palette entry and text whose characters are
one column wide. Whatever is too long ends with ``…``, so that no number is cut unseen.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import urwid

from rf_tui.glyphs import clean

Span = tuple[str, str]
Line = Sequence[Span]

TEXT = "text"


def span_width(line: Line) -> int:
    """Return the columns that `line` takes."""
    return sum(len(text) for _, text in line)


def fit(line: Line, width: int, fill: str = TEXT) -> list[Span]:
    """Return `line` with exactly `width` columns: padded, or cut and marked with ``…``.

    Whatever a span holds, only what is one column wide gets through.
    """
    out: list[Span] = []
    left = width
    for attr, raw in line:
        text = clean(raw)
        size = len(text)
        if size > left:
            if left > 0:
                out.append((attr, text[: left - 1] + "…"))
            elif out:
                last, kept = out[-1]
                out[-1] = (last, kept[:-1] + "…")
            return out
        if size:
            out.append((attr, text))
            left -= size
    if left > 0:
        out.append((fill, " " * left))
    return out


def spread(left: Line, right: Line, width: int, fill: str = TEXT) -> list[Span]:
    """Return `left` and, at the other end, `right`; `right` goes first when there is no room."""
    gap = width - span_width(left) - span_width(right)
    if gap < 1:
        return fit(left, width, fill)
    return [*left, (fill, " " * gap), *right]


def flow(parts: Iterable[Line], width: int) -> list[Line]:
    """Return parts side by side, two blanks apart, in as many lines as it takes."""
    lines: list[Line] = []
    line: list[Span] = []
    for part in parts:
        if line and span_width(line) + span_width(part) + 2 > width:
            lines.append(line)
            line = []
        line += [(TEXT, "  " if line else " "), *part]
    return [*lines, line] if line else lines


def canvas(
    lines: Iterable[Line], size: tuple[int, int], cursor: tuple[int, int] | None = None
) -> urwid.TextCanvas:
    """Return a canvas of `size` (columns, rows) that shows `lines`; missing ones are blank."""
    width, height = size
    text: list[bytes] = []
    attrs: list[list[tuple[str, int]]] = []
    for line in lines:
        if len(text) == height:
            break
        row, runs = _encoded(fit(line, width))
        text.append(row)
        attrs.append(runs)
    while len(text) < height:
        text.append(b" " * width)
        attrs.append([(TEXT, width)] if width else [])
    return urwid.TextCanvas(text, attrs, maxcol=width, cursor=cursor, check_width=False)  # type: ignore[arg-type]  # str is hashable, list is invariant


def _encoded(spans: list[Span]) -> tuple[bytes, list[tuple[str, int]]]:
    pieces: list[bytes] = []
    runs: list[tuple[str, int]] = []
    for attr, text in spans:
        piece = text.encode()
        pieces.append(piece)
        if runs and runs[-1][0] == attr:
            runs[-1] = (attr, runs[-1][1] + len(piece))
        else:
            runs.append((attr, len(piece)))
    return b"".join(pieces), runs


def framed(
    body: Sequence[Line],
    size: tuple[int, int],
    title: Line,
    *,
    foot: str = "",
    border: str = "border",
    fill: str = TEXT,
    active: bool = False,
) -> list[Line]:
    """Return `body` inside a border of `size`, with a title above and a hint below.

    The upper line of an `active` frame is a double one, so that it is known without colour.
    """
    width, height = size
    if width < 2 or height < 2:
        return [fit(line, width, fill) for line in body[:height]]
    inner = width - 2
    side = (border, "│")
    left, across, right = "╒═╕" if active else "┌─┐"
    lines: list[Line] = [[(border, left), *_lintel(title, inner, border, across), (border, right)]]
    for row in range(height - 2):
        line = body[row] if row < len(body) else ()
        lines.append([side, *fit(line, inner, fill), side])
    tail = f" {foot} " if foot and len(foot) + 3 <= inner else ""
    lines.append([(border, f"└{'─' * (inner - len(tail))}{tail}┘")])
    return lines


def _lintel(title: Line, width: int, border: str, across: str) -> list[Span]:
    room = width - span_width(title) - 2
    if not title or width < 4:
        return [(border, across * width)]
    if room < 0:
        return [(border, " "), *fit(title, width - 2), (border, " ")]
    return [(border, " "), *title, (border, " " + across * room)]


def wrapped(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` columns; its own line breaks stay."""
    return [
        line
        for paragraph in text.splitlines() or [""]
        for line in textwrap.wrap(paragraph, max(width, 8)) or [""]
    ]
