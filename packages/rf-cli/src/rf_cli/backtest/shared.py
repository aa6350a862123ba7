"""Bars in a block of memory that the worker processes share, so that it is there only once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from multiprocessing.shared_memory import SharedMemory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from rf_backtest.data import Bars

_ALIGN = 64


class Column(NamedTuple):
    """One array in the block."""

    name: str
    dtype: str
    size: int
    offset: int


class SharedBars(NamedTuple):
    """Where an instrument's bars are: the block, its arrays, and what is no array."""

    block: str
    columns: tuple[Column, ...]
    rest: dict[str, Any]


@contextmanager
def shared(bars: Sequence[Bars]) -> Iterator[tuple[SharedBars, ...]]:
    """Give handles of `bars` in shared memory; the block is gone when the block ends."""
    plans: list[tuple[tuple[Column, ...], Bars]] = []
    end = 0
    for one in bars:
        columns, end = _plan(one, end)
        plans.append((columns, one))
    memory = SharedMemory(create=True, size=max(end, 1))
    try:
        for columns, one in plans:
            for column in columns:
                _view(memory, column)[:] = getattr(one, column.name)
        yield tuple(SharedBars(memory.name, columns, _rest(one)) for columns, one in plans)
    finally:
        memory.close()
        memory.unlink()


def _plan(bars: Bars, end: int) -> tuple[tuple[Column, ...], int]:
    columns = []
    for name, value in _values(bars).items():
        if isinstance(value, np.ndarray):
            columns.append(Column(name, value.dtype.str, int(value.size), end))
            end += -(-value.nbytes // _ALIGN) * _ALIGN
    return tuple(columns), end


def _values(bars: Bars) -> dict[str, Any]:
    return {field.name: getattr(bars, field.name) for field in fields(bars) if field.init}


def _rest(bars: Bars) -> dict[str, Any]:
    return {
        name: value for name, value in _values(bars).items() if not isinstance(value, np.ndarray)
    }


def _view(memory: SharedMemory, column: Column) -> np.ndarray[Any, np.dtype[Any]]:
    return np.ndarray(column.size, column.dtype, buffer=memory.buf, offset=column.offset)


class Attached(NamedTuple):
    """Bars of a block, and the block, which must live as long as they do."""

    bars: tuple[Bars, ...]
    memory: SharedMemory


def attach(handles: Sequence[SharedBars]) -> Attached:
    """Return the bars behind `handles`; nothing is copied, and they cannot be written."""
    from rf_backtest.data import Bars

    memory = SharedMemory(name=handles[0].block)
    found = []
    for handle in handles:
        arrays: dict[str, Any] = {column.name: _view(memory, column) for column in handle.columns}
        for array in arrays.values():
            array.flags.writeable = False
        found.append(Bars(**arrays, **handle.rest))
    return Attached(tuple(found), memory)
