"""Compiled loops of this folder."""

from __future__ import annotations

import math

from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def ewma_step(matrix, row, decay, held):  # type: ignore[no-untyped-def]
    """Move a (p, p) covariance by one row in place; return the deviation of what is held.

    ``S <- decay S + (1 - decay) r r'`` and ``sqrt(w' S w)``. NaN, and nothing moved, if a return
    or a value is not finite.
    """
    p = row.size
    total = 0.0
    for i in range(p):
        total += 0.0 * row[i] + 0.0 * held[i]
    if total != 0.0:
        return math.nan
    variance = 0.0
    for i in range(p):
        line = matrix[i]
        weight = (1.0 - decay) * row[i]
        pull = 0.0
        for j in range(p):
            moved = decay * line[j] + weight * row[j]
            line[j] = moved
            pull += moved * held[j]
        variance += held[i] * pull
    return math.sqrt(max(variance, 0.0))
