from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common.commands import SetStrategyEnabled
from rf_engine import EngineState
from rf_persistence import Journal, JournalConfig, recover, sessions
from rf_strategy import StrategySpec


def execute(path: Path, statement: str, *parameters: Any) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement, parameters)
    connection.close()


def test_folding_gives_the_state_of_the_live_engine_after_every_step(session: Any) -> None:
    engine = session.make_engine()
    fold = EngineState(session.CONFIG, session.INSTRUMENTS, lambda _: None)
    kinds: set[str] = set()

    def on_step(envelope: Any, outputs: Any) -> None:
        fold.apply(envelope)
        for output in outputs:
            fold.commit(output)
        kinds.update(type(each).__name__ for each in (envelope.payload, *outputs))
        assert fold.ledger() == engine.state.ledger(), envelope
        assert fold.state_hash() == engine.state.state_hash(), envelope

    for _ in session.script(session.Desk(engine, on_step)):
        pass

    assert kinds >= {
        "PositionAdopted",
        "Refusal",
        "SubmitOrder",
        "ReplaceOrder",
        "CancelOrder",
        "StrategyChanged",
        "OrderFilled",
        "OrderUnknown",
        "VenueReport",
        "FeedGap",
    }


@settings(deadline=None, max_examples=8)
@given(
    rotate_after=st.sets(st.integers(0, 10), max_size=5),
    clean=st.booleans(),
    batch=st.integers(1, 40),
)
def test_recovery_gives_the_ledger_of_the_live_engine(
    tmp_path_factory: pytest.TempPathFactory,
    session: Any,
    rotate_after: set[int],
    clean: bool,
    batch: int,
) -> None:
    data_dir = tmp_path_factory.mktemp("data")
    journal, desk = session.write_session(
        data_dir, rotate_after=tuple(rotate_after), clean=clean, batch=batch
    )

    found = recover(data_dir)

    assert found.ledger == desk.engine.state.ledger()
    assert found.next_order == desk.engine.state.next_order
    assert found.next_seq == desk.seq + 1
    assert found.is_clean is clean
    assert found.previous == journal.name
    assert found.previous_head == journal.head
    assert (found.torn, found.damaged) == ("", "")
    assert found.nonces == {session.NONCE}


def test_a_next_session_goes_on_from_the_one_before(tmp_path: Path, session: Any) -> None:
    session.write_session(tmp_path, clean=False)
    first = recover(tmp_path)

    journal, desk = session.write_session(
        tmp_path,
        nonce="BBBBBBBB",
        started=first.ledger.ts,
        ledger=first.ledger,
        first_seq=first.next_seq,
        previous=first.previous,
        previous_head=first.previous_head,
    )
    second = recover(tmp_path)

    assert second.session_id == journal.header.session_id
    assert second.ledger == desk.engine.state.ledger()
    assert second.nonces == {session.NONCE, "BBBBBBBB"}
    assert second.ledger.next_order > first.ledger.next_order


def test_without_a_journal_there_is_nothing_to_begin_with(tmp_path: Path) -> None:
    found = recover(tmp_path)

    assert found.ledger is None
    assert (found.next_seq, found.previous, found.damaged) == (1, "", "")


def test_a_session_that_wrote_nothing_is_passed_over(tmp_path: Path, session: Any) -> None:
    _, desk = session.write_session(tmp_path)
    empty = tmp_path / "journal" / "20271125T021216Z-CCCCCCCC"
    empty.mkdir()
    (empty / "000001.db").touch()

    found = recover(tmp_path)

    assert found.ledger == desk.engine.state.ledger()
    assert found.damaged == ""
    assert "CCCCCCCC" in found.nonces
    assert "nothing was written to it" in found.report[0]


def test_a_last_record_that_is_cut_short_is_left_out(tmp_path: Path, session: Any) -> None:
    journal, desk = session.write_session(tmp_path, clean=False)
    execute(
        journal.path,
        "UPDATE record SET payload = substr(payload, 1, 9) WHERE number = ?",
        journal.records,
    )

    found = recover(tmp_path)

    assert f"record {journal.records}: " in found.torn
    assert found.damaged == ""
    assert found.ledger is not None
    assert found.next_seq < desk.seq + 1
    assert found.torn in found.report


def test_a_damaged_record_in_the_middle_is_named(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path)
    execute(journal.path, "UPDATE record SET payload = zeroblob(9) WHERE number = 20")

    found = recover(tmp_path)

    assert f"{journal.name}: record 20: the hash" in found.damaged
    assert found.torn == ""
    assert found.ledger is not None
    assert "record 19" in found.report[0]


def test_a_tail_that_was_cut_is_seen_through_the_anchor(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path)
    execute(journal.path, "DELETE FROM record WHERE number >= ?", journal.records - 3)

    found = recover(tmp_path)

    assert f"anchors.log has head {journal.head[:16]}" in found.damaged
    assert f"the journal ends at record {journal.records - 4}" in found.damaged


def test_a_header_that_cannot_be_read_leaves_the_segment_before(
    tmp_path: Path, session: Any
) -> None:
    journal, _ = session.write_session(tmp_path, rotate_after=(4,))
    journal.path.write_bytes(b"no database at all" * 100)

    found = recover(tmp_path)

    assert found.previous == f"{journal.folder.name}/000001.db"
    assert "000002.db: file is not a database" in found.damaged
    assert found.ledger is not None


def test_a_newest_session_that_is_gone_is_missed(tmp_path: Path, session: Any) -> None:
    session.write_session(tmp_path)
    newest, _ = session.write_session(tmp_path, started=session.BEGUN + 10**12, nonce="BBBBBBBB")
    shutil.rmtree(newest.folder)

    found = recover(tmp_path)

    assert f"session {newest.folder.name}" in found.damaged
    assert found.ledger is not None


def test_a_step_that_cannot_be_applied_is_damage_and_no_crash(tmp_path: Path, session: Any) -> None:
    journal = Journal.create(tmp_path, session.make_header(), JournalConfig())
    steps: list[Any] = []
    desk = session.Desk(session.make_engine(), lambda *step: steps.append(step))
    for _ in session.script(desk):
        pass
    sent = next(step for step in steps if any(type(o).__name__ == "SubmitOrder" for o in step[1]))
    for seq in (1, 2):  # the same client order id twice
        journal.append(type(sent[0])(seq, sent[0].ts_init, sent[0].payload), sent[1])
        journal.commit()
    journal.append(type(sent[0])(3, sent[0].ts_init, sent[0].payload), ())
    journal.close(clean=True)

    found = recover(tmp_path)

    assert "record 3: step 2 cannot be applied" in found.damaged
    assert found.ledger is not None


def test_answers_survive_so_that_a_command_is_not_done_twice(tmp_path: Path, session: Any) -> None:
    session.write_session(tmp_path, clean=False)
    found = recover(tmp_path)
    answered: list[Any] = []
    engine = session.make_engine(ledger=found.ledger)
    desk = session.Desk(engine, lambda _, outputs: answered.append(outputs))
    desk.prefix = f"{session.NONCE}-"

    key = desk.place(1, session.B, session.Side.BUY, 40, "50.20")

    assert key == ""
    assert [type(output).__name__ for output in answered[0]] == ["CommandAnswer"]
    assert answered[0][0].ok
    assert sessions(tmp_path)


def test_a_strategy_that_the_settings_switch_on_again_is_on(session: Any) -> None:
    """What people switch off stays off; what settings switch off follows the settings."""
    first = session.make_engine()
    desk = session.Desk(first, lambda *_: None)
    desk.begin()
    assert first.state.ledger().disabled == (("off", "switched off in the settings"),)
    desk.command(SetStrategyEnabled, 1, strategy_id="flip", enabled=False)
    specs = tuple(StrategySpec(id=name, factory="flipper") for name in ("flip", "off"))
    config = msgspec.structs.replace(session.CONFIG, strategies=specs)

    second = session.make_engine(first.state.ledger(), config=config)
    session.Desk(second, lambda *_: None).begin()

    assert second.state.ledger().disabled == (("flip", "by ann"),)
    assert list(second.core.registry.disabled) == ["flip"]


def test_a_newest_session_that_was_emptied_is_missed(tmp_path: Path, session: Any) -> None:
    session.write_session(tmp_path)
    newest, _ = session.write_session(tmp_path, started=session.BEGUN + 10**12, nonce="BBBBBBBB")
    newest.path.write_bytes(b"")

    assert f"session {newest.folder.name}" in recover(tmp_path).damaged


def test_without_the_journal_the_anchors_still_tell_of_it(tmp_path: Path, session: Any) -> None:
    session.write_session(tmp_path)
    shutil.rmtree(tmp_path / "journal")

    found = recover(tmp_path)

    assert found.ledger is None
    assert "which anchors.log names" in found.damaged
    assert found.nonces == {session.NONCE}
