"""A seeded market of stocks, coins and event contracts: no key, no network, no clock of its own.

`MockMarket` is pure: the same settings and the same times give the same payloads, and a symbol's
path does not depend on which other symbols there are. `MockSource` is the feed around it.
`preset_of` tells what a symbol is like: its start, volatility, grid and group.
"""

from rf_ingestion.mock.market import MockMarket
from rf_ingestion.mock.presets import HOUSE_SYMBOLS, VENUE, Group, Preset, preset_of
from rf_ingestion.mock.source import MockSource

__all__ = [
    "MockMarket",
    "MockSource",
    "Preset",
    "Group",
    "preset_of",
    "HOUSE_SYMBOLS",
    "VENUE",
]
