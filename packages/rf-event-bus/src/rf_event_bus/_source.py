"""Text of one generated function: its lines, and the objects that its names stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isfinite
from struct import Struct
from typing import Any

from rf_common.money import parse
from rf_event_bus._varint import BYTE, read_tail, uvarint


def _unknown(what: str, index: int, count: int) -> ValueError:
    return ValueError(f"expected a variant of {what} from 0 to {count - 1}, was {index}")


def _number_text(value: object) -> bytes:
    text = str(value)
    parse(text)
    return text.encode()


_RUNTIME: dict[str, object] = {
    "BYTE": BYTE,
    "isfinite": isfinite,
    "BOOL": {False: b"\0", True: b"\1"},
    "number_text": _number_text,
    "parse": parse,
    "read_tail": read_tail,
    "unknown": _unknown,
    "uvarint": uvarint,
}


class Source:
    """Collects a function line by line, then makes it.

    Examples
    --------
    >>> source = Source()
    >>> source.line("return x + 1")
    >>> source.function("plus_one(x)")(2)
    3
    """

    def __init__(self) -> None:
        self._names = dict(_RUNTIME)
        self._lines: list[str] = []
        self._depth = 1
        self._count = 0

    def line(self, text: str) -> None:
        """Add one line at the present depth."""
        self._lines.append("    " * self._depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Add `head`, such as ``if x:``, and indent what is added inside."""
        self.line(head)
        self._depth += 1
        yield
        self._depth -= 1

    def local(self) -> str:
        """Return the name of a new variable."""
        self._count += 1
        return f"v{self._count}"

    def known(self, value: object) -> str:
        """Return a name by which the function finds `value`."""
        name = f"k{len(self._names)}"
        self._names[name] = value
        return name

    def floats(self, count: int) -> str:
        """Return a name for the packed form of `count` float64."""
        name = f"float{count}"
        self._names.setdefault(name, Struct(f"<{count}d"))
        return name

    def refuse_nan(self, names: list[str]) -> None:
        """Add a check that what `names` stand for is finite.

        The sum is infinite or NaN if one of them is, or if it is too large; only then each of
        them is looked at.
        """
        check = f"({' + '.join(names)}) * 0.0 != 0.0 and not all(map(isfinite, ({names[0]},"
        with self.block(f"if {check} {', '.join(names[1:])}))):"):
            self.line('raise ValueError("expected a finite number, was NaN or infinite")')

    def function(self, signature: str) -> Callable[..., Any]:
        """Return the function."""
        text = "\n".join([f"def {signature}:", *self._lines, ""])
        exec(compile(text, f"<rf_event_bus: {signature}>", "exec"), self._names)
        made: Callable[..., Any] = self._names[signature.partition("(")[0]]  # type: ignore[assignment]  # just defined
        return made
