"""A Binance spot server on loopback: real protocol, recorded market, accidents on demand.

Start with `FakeBinance`, which plays a `rf_testkit.tape.Tape`; `Settings` says at which pace and
under which limits, `Faults` how many accidents happen at places drawn from a seed, and `Fault`
names the accidents that a test arms itself. What it knows of Binance's protocol is written in
the modules `requests`, `connection` and `rest`.
"""

from rf_testkit.binance.book import DepthSnapshot, VenueBook
from rf_testkit.binance.faults import GARBAGE, Fault, Faults
from rf_testkit.binance.server import ABRUPT, FakeBinance
from rf_testkit.binance.settings import Pace, Settings, Stats

__all__ = [
    "FakeBinance",
    "Settings",
    "Pace",
    "Stats",
    "Faults",
    "Fault",
    "GARBAGE",
    "ABRUPT",
    "DepthSnapshot",
    "VenueBook",
]
