"""How many threads a compiled call uses; the results never depend on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numba
from numba.core import config as settings


@contextmanager
def threads_of(count: int) -> Iterator[bool]:
    """Use up to `count` threads inside the block; yields whether it is more than one.

    The layer is set to ``workqueue`` where nobody has chosen one: OpenMP's workers spin, which
    makes a busy neighbour cost fifty times the work.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"expected threads an int of 1 or more, was {count!r}")
    used = min(count, int(settings.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]  # set when numba is imported
    if used == 1:
        yield False
        return
    if settings.THREADING_LAYER == "default":  # type: ignore[attr-defined]  # set when numba is imported
        settings.THREADING_LAYER = "workqueue"  # type: ignore[attr-defined]  # set when numba is imported
    before = numba.get_num_threads()
    numba.set_num_threads(used)
    try:
        yield True
    finally:
        numba.set_num_threads(before)
