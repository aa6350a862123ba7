"""What can be wrong with a journal that is read.

::

    DataError
    ├─ DamagedRecord        one record cannot be what was written; names file and record
    └─ UnreadableSegment    a whole file cannot be read, or has no usable first record
"""

from __future__ import annotations

from pathlib import Path

from rf_common.errors import DataError

_FIX = "rf journal verify; restore the file from a copy, the other files can still be read"


class DamagedRecord(DataError):
    """One record cannot be what was written.

    Parameters
    ----------
    path : Path
        The segment's file.
    number : int
        Number of the record in its session.
    what : str
        What is wrong with it.
    is_last : bool
        Whether nothing follows it in its file, as after a write that was cut short.
    """

    default_code = "RF-S-010"

    def __init__(self, path: Path, number: int, what: str, *, is_last: bool = False) -> None:
        super().__init__(f"{path.parent.name}/{path.name}: record {number}: {what}", fix=_FIX)
        self.path = path
        self.number = number
        self.what = what
        self.is_last = is_last


class UnreadableSegment(DataError):
    """A segment cannot be read at all.

    Parameters
    ----------
    path : Path
        The segment's file.
    what : str
        What the system said.
    is_empty : bool
        Whether nothing was ever committed to it, as after a crash at its very beginning.
    """

    default_code = "RF-S-011"

    def __init__(self, path: Path, what: str, *, is_empty: bool = False) -> None:
        super().__init__(f"{path.parent.name}/{path.name}: {what}", fix=_FIX)
        self.path = path
        self.what = what
        self.is_empty = is_empty
