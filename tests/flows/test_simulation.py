"""The house under many seeds; `RF_SIM_SEEDS=300` or `RF_SIM_SEEDS=500-900` runs more of them."""

import os
import sqlite3

import pytest

from rf_daemon.build import venue_book
from rf_daemon.corridor import Corridor
from rf_persistence import Journal, JournalConfig, recover, replay, session_header, sessions
from rf_testkit.simulation import CONFIG, FACTORIES, INSTRUMENTS, Found, Simulation

STEPS = 250
REGRESSIONS = (36, 41, 51, 246)
"""Seeds that break a promise when a repair they once led to is taken back; they always run."""


class Unsynced(sqlite3.Connection):
    """Does not wait for the disk: the simulated process dies, the machine does not."""

    def execute(self, statement, *parameters):
        if statement == "PRAGMA synchronous = FULL":
            statement = "PRAGMA synchronous = OFF"
        return super().execute(statement, *parameters)


def unsynced(path):
    return sqlite3.connect(path, isolation_level=None, factory=Unsynced)


class JournalDisk:
    """The real journal in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def begin(self, nonce, now, found):
        notes = found.notes
        header = session_header(
            CONFIG,
            nonce,
            INSTRUMENTS,
            started=now,
            source="simulation",
            seed=0,
            version="0.1.0",
            ledger=found.ledger,
            first_seq=found.next_seq,
            previous=notes.previous if notes else "",
            previous_head=notes.previous_head if notes else "",
        )
        return Journal.create(self.folder, header, JournalConfig(), unsynced)

    def recover(self):
        found = recover(self.folder)
        assert not found.damaged, found.damaged
        return Found(found.ledger, found.next_seq, found)

    def check(self):
        report = replay(sessions(self.folder)[-1], FACTORIES)
        return "" if report.is_equal else str(report.difference or report)


def seeds():
    asked = os.environ.get("RF_SIM_SEEDS", "20")
    first, _, last = asked.partition("-")
    wanted = range(int(first), int(last)) if last else range(int(asked))
    return sorted({*wanted, *REGRESSIONS})


@pytest.mark.parametrize("seed", seeds())
def test_every_promise_is_kept_through_faults_and_crashes(seed, tmp_path):
    simulation = Simulation(seed, JournalDisk(tmp_path), Corridor, venue_book)

    simulation.run(STEPS)

    assert simulation.promises.counts["orders"] > 0, f"seed {seed}: no order ever left"
