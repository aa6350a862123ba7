"""The journal: everything that entered the engine and everything it decided, on disk first.

`Journal` writes one session: append each step, commit before an order leaves. `recover` gives
the next session its ledger, `SessionReader` reads, `verify` checks the hash chain, and `replay`
feeds a session to a fresh engine and says where it first differs. The chain makes the journal
tamper-evident; the anchors beside it make a cut tail evident too.
"""

from rf_persistence.config import JournalConfig
from rf_persistence.errors import DamagedRecord, UnreadableSegment
from rf_persistence.header import SegmentHeader, session_header
from rf_persistence.journal import Journal
from rf_persistence.reader import SessionReader, sessions
from rf_persistence.recover import Recovered, recover
from rf_persistence.replay import Difference, ReplayReport, replay
from rf_persistence.retention import prune, session_bytes
from rf_persistence.verify import Status, VerifyReport, verify

__all__ = [
    "Journal",
    "JournalConfig",
    "SegmentHeader",
    "session_header",
    "recover",
    "Recovered",
    "sessions",
    "SessionReader",
    "verify",
    "VerifyReport",
    "Status",
    "replay",
    "ReplayReport",
    "Difference",
    "prune",
    "session_bytes",
    "DamagedRecord",
    "UnreadableSegment",
]
