"""Windows of walk-forward analysis: train on what was known, test on what came next."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


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


class CombinatorialSplit(NamedTuple):
    """Which groups are tested, and the rows of both sides.

    `train` are row numbers without what is purged and embargoed; `tests` are the half-open rows
    of each tested group.
    """

    groups: tuple[int, ...]
    train: npt.NDArray[np.int64]
    tests: tuple[tuple[int, int], ...]


def combinatorial(
    n: int, *, groups: int = 6, tested: int = 2, purge: int = 0, embargo: int = 0
) -> list[CombinatorialSplit]:
    """Return every way to test some of the groups and train on the rest.

    Parameters
    ----------
    n : int
        Rows, cut into `groups` contiguous groups as equal as possible.
    groups, tested : int
        Groups, and how many of them each split tests.
    purge : int
        Rows left out of the training on both sides of each test, as long as a decision's outcome
        reaches.
    embargo : int
        Rows left out after each test, besides.

    Raises
    ------
    ValueError
        If a number is out of range or a split leaves nothing to train on.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, sections 7.4 and 12.4.

    Examples
    --------
    >>> [split.tests for split in combinatorial(9, groups=3, tested=1)]
    [((0, 3),), ((3, 6),), ((6, 9),)]
    """
    if not 0 < tested < groups <= n or purge < 0 or embargo < 0:
        raise ValueError(
            f"expected 0 < tested < groups <= {n}, purge and embargo >= 0, "
            f"was {tested}, {groups}, {purge}, {embargo}"
        )
    edges = [n * place // groups for place in range(groups + 1)]
    splits = []
    for chosen in combinations(range(groups), tested):
        tests = tuple((edges[group], edges[group + 1]) for group in chosen)
        kept = np.ones(n, dtype=np.bool_)
        for start, end in tests:
            kept[max(0, start - purge) : end + purge + embargo] = False
        train = np.flatnonzero(kept)
        if not train.size:
            raise ValueError(f"expected rows to train on beside the tests {tests}, was none")
        splits.append(CombinatorialSplit(chosen, train, tests))
    return splits
