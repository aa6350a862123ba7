from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common.commands import CancelAllOrders, CancelOpenOrder
from rf_dashboard import (
    Answer,
    CancelDialog,
    DashboardState,
    KillOverlay,
    QuitDialog,
    ResumeDialog,
    Stage,
    mode_dialog,
    quit_dialog,
    resume_dialog,
)

PHRASE = "resume PAPER 3"


def test_a_kill_asks_nothing_and_shows_what_the_daemon_confirmed():
    overlay = KillOverlay(actor="tui", reason="prices look wrong")
    assert overlay.to_args() == {"reason": "prices look wrong", "actor": "tui"}
    done = overlay.answered(
        {"ok": True, "code": "KILLED", "text": "2 cancelled", "confirmed": ["RF-1", "RF-2"],
         "engine_answered": False}
    )  # fmt: skip
    assert (done.stage, done.confirmed, done.engine_answered) == (
        Stage.ANSWERED, ("RF-1", "RF-2"), False,
    )  # fmt: skip
    assert done.back().stage is Stage.CLOSED


def test_a_kill_without_an_answer_says_that_orders_may_be_working():
    lost = KillOverlay(actor="tui").lost("connection reset")
    assert (lost.answer.ok, lost.confirmed, lost.engine_answered) == (None, (), None)
    assert "may still be working" in lost.answer.text


def test_a_waiting_kill_cannot_be_dismissed():
    with pytest.raises(ValueError, match="a dialog that is sent cannot take back"):
        KillOverlay(actor="tui").back()


def test_resuming_needs_the_phrase_to_the_letter():
    dialog = ResumeDialog(actor="tui", phrase=PHRASE).edit(PHRASE).confirm()
    assert dialog.stage is Stage.SENT
    assert dialog.to_args() == {"phrase": PHRASE, "actor": "tui"}


@given(st.text(max_size=20) | st.sampled_from([PHRASE + " ", PHRASE.lower(), "resume PAPER"]))
@settings(deadline=None, max_examples=100)
def test_any_other_phrase_resumes_nothing(typed):
    dialog = ResumeDialog(actor="tui", phrase=PHRASE).edit(typed).confirm()
    assert dialog.stage is Stage.EDITING
    assert dialog.message == "that is not the phrase; nothing was resumed"
    with pytest.raises(ValueError, match="expected a confirmed dialog, was editing"):
        dialog.to_args()


def test_an_empty_phrase_is_no_phrase():
    assert ResumeDialog(actor="tui", phrase="").confirm().stage is Stage.EDITING


def test_esc_never_resumes_even_with_the_phrase_typed():
    closed = ResumeDialog(actor="tui", phrase=PHRASE).edit(PHRASE).back()
    assert (closed.stage, closed.typed) == (Stage.CLOSED, "")
    with pytest.raises(ValueError, match="expected a confirmed dialog, was closed"):
        closed.to_args()
    with pytest.raises(ValueError, match="cannot take confirm"):
        closed.confirm()


def test_an_answered_resume_is_not_sent_again():
    done = ResumeDialog(actor="tui", phrase=PHRASE).edit(PHRASE).confirm().answered(
        Answer.of_reply({"ok": False, "code": "PHRASE", "text": "that is not the phrase"})
    )  # fmt: skip
    assert not done.answer.ok
    with pytest.raises(ValueError, match="was answered"):
        done.to_args()


def test_typing_is_bounded():
    with pytest.raises(ValueError, match="expected at most 64 characters, was 65"):
        ResumeDialog(actor="tui", phrase=PHRASE).edit("x" * 65)


def test_the_phrase_is_the_daemons(desk, make):
    with pytest.raises(ValueError, match="the daemon shows no phrase"):
        resume_dialog(desk, "tui")
    with pytest.raises(ValueError, match="the daemon shows no phrase"):
        resume_dialog(DashboardState(), "tui")
    desk.apply(make.system(killed=True, kill_reason="by hand", resume_phrase=PHRASE), make.at(3))
    dialog = resume_dialog(desk, "tui")
    assert (dialog.phrase, dialog.kill_reason, dialog.typed) == (PHRASE, "by hand", "")


@pytest.mark.parametrize("one", ["RF-P-K7QW3ZPA-00000001", None])
def test_cancelling_is_confirmed_and_read_back_by_the_daemon(one):
    dialog = CancelDialog(command_id="c1", actor="tui", client_order_id=one)
    with pytest.raises(ValueError, match="expected a confirmed dialog"):
        dialog.to_args()
    command = dialog.confirm().to_args()["command"]
    read = msgspec.convert(command, CancelOpenOrder | CancelAllOrders)
    assert read == (
        CancelAllOrders(command_id="c1", actor="tui")
        if one is None
        else CancelOpenOrder(command_id="c1", actor="tui", client_order_id=one)
    )
    assert dialog.back().stage is Stage.CLOSED
    assert dialog.confirm().answered(Answer.lost("reset")).stage is Stage.ANSWERED


def test_the_mode_cannot_be_changed_from_a_screen(desk):
    told = mode_dialog(desk)
    assert (told.mode, told.account) == ("PAPER", "SIM-1")
    assert not hasattr(told, "to_args")
    assert mode_dialog(DashboardState()).mode is None


def test_quitting_asks_when_orders_are_open_and_says_what_goes_on(desk):
    dialog = quit_dialog(desk, known=True)
    assert (dialog.open_orders, dialog.positions, dialog.asks, dialog.leaves) == (1, 1, True, False)
    assert dialog.lines[0] == "1 open orders stay at the venue, 1 positions stay."
    assert dialog.confirm().leaves
    assert not dialog.back().leaves


def test_quitting_asks_when_nothing_is_known():
    dialog = quit_dialog(DashboardState(), known=False)
    assert dialog.asks
    assert "not known" in dialog.lines[0]
    assert not QuitDialog(open_orders=0, positions=2, known=True).asks
