"""``rf price warm``: compile the kernels now instead of at the first price."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rf_cli.context import Rf
from rf_cli.output import Answer
from rf_common.clock import NANOS_PER_SECOND, monotonic_ns

if TYPE_CHECKING:
    from rich.console import RenderableType


def warm(*, rf: Rf) -> Answer:
    """Compile every pricing kernel now; later commands load them from a cache."""
    from rf_pricing.warming import warm as compile_all

    def tell(line: str) -> None:
        if sys.stderr.isatty():
            print(f"compiling {line}", file=sys.stderr)

    begun = monotonic_ns()
    compile_all(tell)
    return Answer("price.warm", {"seconds": (monotonic_ns() - begun) / NANOS_PER_SECOND}, _text)


def _text(data: Any) -> RenderableType:
    return f"compiled in {data['seconds']:.1f} s"
