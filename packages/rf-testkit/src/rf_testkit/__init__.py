"""Fake venues, tapes, builders and strategies: what the tests of several packages share.

Test only. Start with `FakeBinance`, a Binance spot server on loopback that plays a `Tape` and
misbehaves on demand; `read_tape` loads recordings and `synthetic_tape` makes one up. Values
with defaults are in `rf_testkit.builders`, Hypothesis strategies for every payload and output
in `rf_testkit.strategies` (imported by name, so that this package loads without Hypothesis).
"""

from rf_testkit.binance import FakeBinance, Fault, Faults, Settings
from rf_testkit.synthetic import synthetic_tape
from rf_testkit.tape import Frame, Tape, merge, parse_lines, read_tape, write_tape

__all__ = [
    "FakeBinance",
    "Settings",
    "Faults",
    "Fault",
    "Tape",
    "Frame",
    "read_tape",
    "parse_lines",
    "merge",
    "write_tape",
    "synthetic_tape",
]
