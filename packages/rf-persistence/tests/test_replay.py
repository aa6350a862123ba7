from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rf_common.errors import DataError
from rf_persistence import replay, sessions


def tampered(session: Any) -> dict[str, Any]:
    class Other(session.Flipper):  # type: ignore[misc, name-defined]
        def on_event(self, context: Any, event: Any) -> Any:
            signal = super().on_event(context, event)
            if signal is None or self.seen < 10:
                return signal
            return msgspec.structs.replace(signal, confidence=0.25)

    return {"flipper": Other}


@pytest.mark.parametrize("rotate_after", [(), (0, 4, 7)], ids=["whole", "in segments"])
def test_a_session_replays_to_the_same_outputs_and_state(
    tmp_path: Path, session: Any, rotate_after: tuple[int, ...]
) -> None:
    _, desk = session.write_session(tmp_path, rotate_after=rotate_after)

    report = replay(sessions(tmp_path)[0], session.FACTORIES)

    assert report.is_equal
    assert report.difference is None
    assert report.steps == report.last_seq == desk.seq
    assert report.state_hash == report.recorded_state_hash == desk.engine.state.state_hash()
    assert report.orders == len(desk.orders)
    assert report.fills == desk.engine.state.fills
    assert report.refusals == desk.engine.state.refusals
    assert report.signals == desk.engine.state.signals


def test_a_second_session_replays_from_its_own_ledger(tmp_path: Path, session: Any) -> None:
    _, first = session.write_session(tmp_path)
    ledger = first.engine.state.ledger()
    session.write_session(
        tmp_path, nonce="BBBBBBBB", started=ledger.ts, ledger=ledger, first_seq=first.seq + 1
    )

    report = replay(sessions(tmp_path)[1], session.FACTORIES)

    assert report.is_equal
    assert report.fills < first.engine.state.fills * 2


def test_a_changed_strategy_shows_where_it_first_differs(tmp_path: Path, session: Any) -> None:
    session.write_session(tmp_path)

    report = replay(sessions(tmp_path)[0], tampered(session))

    assert not report.is_equal
    assert report.difference is not None
    assert report.difference.kind == "Quote"
    assert "confidence=0.5" in report.difference.recorded
    assert "confidence=0.25" in report.difference.replayed


def test_a_strategy_that_keeps_silent_differs_by_nothing(tmp_path: Path, session: Any) -> None:
    class Silent(session.Flipper):  # type: ignore[misc, name-defined]
        def on_event(self, context: Any, event: Any) -> None:
            return None

    session.write_session(tmp_path)

    report = replay(sessions(tmp_path)[0], {"flipper": Silent})

    assert report.difference is not None
    assert report.difference.replayed == "nothing"
    assert report.difference.recorded.startswith("SignalRaised(")
    assert report.state_hash != report.recorded_state_hash


def test_a_replay_stops_where_it_is_told_to(tmp_path: Path, session: Any) -> None:
    session.write_session(tmp_path)

    report = replay(sessions(tmp_path)[0], session.FACTORIES, until_seq=30)

    assert report.steps == report.last_seq == 30
    assert report.recorded_state_hash == ""
    assert report.is_equal


def test_a_crashed_session_replays_up_to_its_end(tmp_path: Path, session: Any) -> None:
    _, desk = session.write_session(tmp_path, clean=False)

    report = replay(sessions(tmp_path)[0], session.FACTORIES)

    assert report.is_equal
    assert report.steps == desk.seq
    assert report.recorded_state_hash == ""


def test_a_damaged_session_replays_up_to_the_damage(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path)
    with sqlite3.connect(journal.path) as connection:
        connection.execute("UPDATE record SET last_seq = 1 WHERE number = 20")
    connection.close()

    report = replay(sessions(tmp_path)[0], session.FACTORIES)

    assert "record 20" in report.damaged
    assert report.steps > 10
    assert not report.is_equal


def test_progress_is_told(tmp_path: Path, session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    session.write_session(tmp_path)
    monkeypatch.setattr(sys.modules["rf_persistence.replay"], "_PROGRESS_EVERY", 50)
    told: list[int] = []

    replay(sessions(tmp_path)[0], session.FACTORIES, progress=told.append)

    assert told == [50, 100]


def test_a_strategy_that_is_not_installed_is_named(tmp_path: Path, session: Any) -> None:
    session.write_session(tmp_path)

    with pytest.raises(DataError, match="no strategy factory is called 'flipper'"):
        replay(sessions(tmp_path)[0], {})
