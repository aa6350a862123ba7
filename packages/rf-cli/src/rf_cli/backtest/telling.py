"""How far many runs are: rate, time left and the best so far, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rf_common.clock import NANOS_PER_SECOND, monotonic_ns

_AFTER_NS = NANOS_PER_SECOND // 2
_EVERY_NS = 10 * NANOS_PER_SECOND

Tell = Callable[[int, str], None]


@contextmanager
def telling(what: str, total: int, *, done: int = 0) -> Iterator[Tell]:
    """Give a function that is told how much is done, and a note such as the best so far.

    A bar on a terminal; else a plain line every ten seconds. A total of 0 is not known yet.
    """
    if sys.stderr.isatty():
        with _bar(what, total, done) as tell:
            yield tell
        return
    yield _lines(what, total, done)


@contextmanager
def _bar(what: str, total: int, done: int) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Left())
    note = TextColumn("{task.fields[note]}")
    bar = Progress(*columns, note, console=Console(stderr=True), transient=True)
    task = bar.add_task(what, total=total or None, completed=done, note="")
    begun = monotonic_ns()

    def tell(now: int, text: str = "") -> None:
        if monotonic_ns() - begun > _AFTER_NS:
            bar.start()
        bar.update(task, completed=now, note=text)

    try:
        yield tell
    finally:
        bar.stop()


def _lines(what: str, total: int, done: int) -> Tell:
    begun = said = monotonic_ns()

    def tell(now: int, text: str = "") -> None:
        nonlocal said
        present = monotonic_ns()
        if present - said < _EVERY_NS or now <= done:
            return
        said = present
        if not total:  # the note says how many there are
            print(f"{what} {now} {text}", file=sys.stderr)
            return
        left_s = (present - begun) / (now - done) * (total - now) / NANOS_PER_SECOND
        print(f"{what} {now}/{total}, {time_left(left_s)} left  {text}", file=sys.stderr)

    return tell


def time_left(seconds: float) -> str:
    """Return a span as people read it.

    Examples
    --------
    >>> time_left(75.4), time_left(7200)
    ('1 min 15 s', '2 h 0 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60} min"
