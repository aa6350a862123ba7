"""Windows of walk-forward analysis: train on what was known, test on what came next."""

from __future__ import annotations

from typing import NamedTuple


class Window(NamedTuple):
    """Rows ``train_start`` to ``train_end`` and ``test_start`` to ``test_end``, half open."""

    train_start: int
    train_end: int
    test_start: int
    test_end: int


def walk_forward(
    n: int,
    folds: int,
    *,
    test_size: int | None = None,
    max_train_size: int | None = None,
    gap: int = 0,
) -> list[Window]:
    """Return the windows of a walk forward over `n` rows.

    Parameters
    ----------
    n : int
        Rows.
    folds : int
        Windows, at least 1.
    test_size : int, optional
        Rows of each test; ``n // (folds + 1)`` if not given. Tests end with the last row.
    max_train_size : int, optional
        Rows of a rolling train window; without it training begins with the first row (anchored).
    gap : int
        Rows left out between train and test, so that overlapping labels do not leak.

    Raises
    ------
    ValueError
        If a size is not positive or there are too few rows.

    Examples
    --------
    >>> walk_forward(10, 2)
    [Window(train_start=0, train_end=4, test_start=4, test_end=7), \
Window(train_start=0, train_end=7, test_start=7, test_end=10)]
    """
    if folds < 1 or gap < 0:
        raise ValueError(f"expected folds >= 1 and gap >= 0, was {folds}, {gap}")
    size = n // (folds + 1) if test_size is None else test_size
    if size < 1 or (max_train_size is not None and max_train_size < 1):
        raise ValueError(f"expected windows of at least one row, was test {size}, {max_train_size}")
    first = n - folds * size
    if first - gap < 1:
        raise ValueError(f"expected rows for {folds} tests of {size} and a train, was {n}")
    windows = []
    for start in range(first, n, size):
        end = start - gap
        begin = 0 if max_train_size is None else max(0, end - max_train_size)
        windows.append(Window(begin, end, start, start + size))
    return windows
