"""Market data for the corridor: feeds, recordings, gaps, and one stream out of several feeds.

Start with `BinanceSource` (live spot data), `Recording` (the same code over recorded frames) or
`MockSource` (a seeded market without key and network). Each yields batches of the payloads of
`rf_common.events` and tells what it lost as `FeedGap`; `Multiplexer` merges several of them.
`BinanceFeed` and `BookSync` are the pure parts: bytes in, events out, for those who bring their
own connection.
"""

from rf_ingestion.binance.book_sync import BookSync, SyncState
from rf_ingestion.binance.instruments import (
    KNOWN,
    Listing,
    default_instrument,
    fold_symbol,
    to_instrument_id,
    to_listing,
)
from rf_ingestion.binance.normalize import BinanceFeed, FeedCounters
from rf_ingestion.binance.source import BinanceSource
from rf_ingestion.config import BinanceConfig, MockConfig
from rf_ingestion.gaps import GapDetector
from rf_ingestion.mock import MockMarket, MockSource
from rf_ingestion.multiplexer import Multiplexer
from rf_ingestion.recording import Recording, read_frames

__all__ = [
    "BinanceSource",
    "Recording",
    "MockSource",
    "Multiplexer",
    "BinanceConfig",
    "MockConfig",
    "BinanceFeed",
    "FeedCounters",
    "BookSync",
    "SyncState",
    "MockMarket",
    "GapDetector",
    "read_frames",
    "default_instrument",
    "KNOWN",
    "fold_symbol",
    "to_instrument_id",
    "to_listing",
    "Listing",
]
