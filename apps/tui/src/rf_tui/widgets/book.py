"""The order book: best levels, sizes, and how much stands up to each level."""

from __future__ import annotations

from collections.abc import Sequence

from rf_common.enums import Side
from rf_dashboard.format import NA, age
from rf_dashboard.views.market import Book, BookRow
from rf_tui.figures import decimals, mark, size_text
from rf_tui.glyphs import clean
from rf_tui.messages import Message
from rf_tui.paint import Line, Span, fit
from rf_tui.widgets.panel import Panel, missing


class BookPanel(Panel):
    """View model: a `Book`."""

    name = "book"
    tab = "Book"
    view: Book | None = None
    _width = 0

    def heading(self, width: int) -> Line:
        """Return symbol, source, spread and imbalance."""
        book = self.view
        if book is None:
            return [("title", "Book")]
        spread = NA if book.spread.value is None else f"{book.spread.value.normalize():f}"
        lean = book.imbalance.value
        weight = NA if lean is None else f"{lean:+.2f}"
        return [
            ("title", f"Book {clean(book.symbol)}"),
            ("dim", f"  L2 {clean(book.source) or NA}  spread {spread}{mark(book.spread)}"
                    f"  imb {weight}"),
        ]  # fmt: skip

    def footing(self) -> str:
        """Return how old the book is."""
        return "" if self.view is None else f"age {age(self.view.age_ms)}"

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return bids on the left, asks on the right, best in the middle."""
        self._width = width
        book = self.view
        if book is None or not (book.bids or book.asks):
            why = "no instrument is chosen" if book is None else book.reason or "the book is empty"
            return [(), *missing(why, width)]
        half = (width - 3) // 2
        shape = _Shape(book, half)
        bids, asks = book.bids[: height - 1], book.asks[: height - 1]
        top = max((row.cumulative for row in (*bids[-1:], *asks[-1:])), default=0.0)
        head = f"{shape.head(reverse=True)} │ {shape.head(reverse=False)}"
        lines: list[Line] = [[("dim", head)]]
        for number in range(max(len(bids), len(asks))):
            left = shape.row(bids[number] if number < len(bids) else None, top, "bid")
            right = shape.row(asks[number] if number < len(asks) else None, top, "ask")
            lines.append([*left, ("dim", " │ "), *right])
        return lines

    def clicked(self, column: int, row: int) -> None:
        """Offer a ticket at the clicked price: buy from the asks, sell to the bids."""
        book = self.view
        if book is None or row < 1:
            return
        is_bid = column < (self._width - 3) // 2 + 1
        side = book.bids if is_bid else book.asks
        if row <= len(side):
            text = f"{side[row - 1].px:.{decimals(book.tick)}f}"
            self.send(Message("price", text, Side.SELL if is_bid else Side.BUY))


class _Shape:
    """The widths of the columns of one half."""

    def __init__(self, book: Book, half: int) -> None:
        self.book = book
        self.half = half
        places = decimals(book.tick)
        prices = [f"{row.px:.{places}f}" for row in (*book.bids, *book.asks)]
        self.price = max(5, *map(len, prices)) + (1 if book.stale else 0)
        rest = half - self.price
        self.size = max(4, min(10, rest // 2 - 1))
        self.total = max(0, rest - self.size - 2)
        if self.total < 5:
            self.size, self.total = max(0, rest - 1), 0
        self.places = places

    def head(self, *, reverse: bool) -> str:
        """Return the names of the columns."""
        names = ["PRICE".rjust(self.price), "SIZE".rjust(self.size)]
        if self.total:
            names.append("TOTAL".rjust(self.total))
        names = names[::-1] if reverse else names
        return " ".join(names).ljust(self.half)[: self.half]

    def row(self, level: BookRow | None, top: float, side: str) -> list[Span]:
        """Return one level; its ground shows how much stands up to it."""
        if level is None:
            return [("text", " " * self.half)]
        lot = self.book.lot
        price = f"{level.px:.{self.places}f}{'?' if self.book.stale else ''}".rjust(self.price)
        texts = [price, size_text(level.qty, lot, self.size).rjust(self.size)]
        if self.total:
            texts.append(size_text(level.cumulative, lot, self.total).rjust(self.total))
        is_bid = side == "bid"
        text = " ".join(texts[::-1] if is_bid else texts).ljust(self.half)[: self.half]
        filled = round(level.cumulative / top * self.half) if top > 0 else 0
        cut = self.half - filled if is_bid else filled
        if is_bid:
            return fit([("up", text[:cut]), ("bid bar", text[cut:])], self.half)
        return fit([("ask bar", text[:cut]), ("down", text[cut:])], self.half)
