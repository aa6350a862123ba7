"""How the kernels of the tick path are compiled.

They allocate nothing, so that references need not be counted: in loops over tuples of arrays the
counting cost more than the work. What every row passes is inlined.
"""

from __future__ import annotations

from typing import Any

LEAN: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
INLINED: dict[str, Any] = {**LEAN, "forceinline": True}
BODY: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "_nrt": False,
    "inline": "always",
}
"""Of the loop, which becomes part of its caller, and is kept on disk with it."""
