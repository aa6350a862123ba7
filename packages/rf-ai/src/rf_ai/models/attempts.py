"""Attempts under one deadline: repeated only where that helps and cannot cost twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rf_ai.errors import ModelError, ModelTimeout

T = TypeVar("T")
_FIRST_S = 0.5
_LONGEST_S = 8.0


async def answered(
    attempt: Callable[[], Awaitable[T]],
    *,
    deadline_s: float,
    max_attempts: int,
    timed_out: Callable[[], ModelTimeout],
) -> tuple[T, int]:
    """Return what the first attempt that worked gave, and its number.

    Parameters
    ----------
    attempt : callable
        Makes one attempt; raises `ModelError` with what it cost and whether to repeat.
    deadline_s : float
        For all attempts and the waits between them, seconds.
    max_attempts : int
        Most attempts.
    timed_out : callable
        Makes the error for the end of the deadline.

    Raises
    ------
    ModelError
        The last attempt's, or the deadline's. A provider that asks for a longer wait than is
        left fails the call at once.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + deadline_s
    try:
        async with asyncio.timeout_at(ends):
            number = 0
            while True:
                number += 1
                try:
                    return await attempt(), number
                except ModelError as error:
                    failure = error
                wait_s = failure.retry_after_s
                if wait_s is None:
                    wait_s = min(_LONGEST_S, _FIRST_S * 2 ** (number - 1))
                is_last = number >= max_attempts or wait_s >= ends - loop.time()
                if is_last or not failure.repeatable:
                    raise failure
                await asyncio.sleep(wait_s)
    except TimeoutError:
        late = timed_out()
    raise late
