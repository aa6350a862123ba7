"""Bounds on what a metric may remember: label values, pending orders, seen executions."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

OTHER = "other"


class BoundedLabels:
    """The first `limit` distinct values keep their name, all later ones are ``other``.

    Examples
    --------
    >>> labels = BoundedLabels(1)
    >>> labels.of("BTCUSDT"), labels.of("ETHUSDT"), labels.of("BTCUSDT")
    ('BTCUSDT', 'other', 'BTCUSDT')
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"expected a limit of label values from 1, was {limit}")
        self._limit = limit
        self._known: set[str] = set()

    def of(self, value: str) -> str:
        """Return the label of `value`."""
        if value not in self._known:
            if len(self._known) >= self._limit:
                return OTHER
            self._known.add(value)
        return value


class BoundedMap(Generic[T]):
    """A mapping that forgets its oldest entry when it is full."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: dict[str, T] = {}

    def put(self, key: str, value: T) -> bool:
        """Remember `value`; return False, and change nothing, when `key` is there already."""
        if key in self._items:
            return False
        if len(self._items) >= self._limit:
            del self._items[next(iter(self._items))]
        self._items[key] = value
        return True

    def take(self, key: str) -> T | None:
        """Return and forget the value of `key`, None when there is none."""
        return self._items.pop(key, None)

    def __len__(self) -> int:
        return len(self._items)
