from itertools import product

import pytest

from rf_common import OrderStatus
from rf_oms import TRANSITIONS
from rf_oms.transitions import WORKING

S = OrderStatus
OPEN_AT_VENUE = {S.SUBMITTED, S.UNKNOWN, S.ACCEPTED, S.PARTIALLY_FILLED} | {
    S.PENDING_UPDATE,
    S.PENDING_CANCEL,
}
SENT = set(S) - {S.INITIALIZED}
GONE = {S.CANCELED, S.EXPIRED, S.FILLED}
ENDED_BY_ITSELF = {S.REJECTED, S.DENIED}

LEGAL_FROM = {
    "submit": {S.INITIALIZED},
    "deny": {S.INITIALIZED, S.SUBMITTED, S.PENDING_CANCEL, S.DENIED},
    "accept": OPEN_AT_VENUE | GONE,
    "reject": {S.SUBMITTED, S.UNKNOWN, S.ACCEPTED, S.PENDING_CANCEL, S.REJECTED},
    "unknown": {S.SUBMITTED, S.UNKNOWN, S.PENDING_UPDATE, S.PENDING_CANCEL} | GONE | {S.REJECTED},
    "part_fill": SENT,
    "full_fill": SENT,
    "ask_cancel": OPEN_AT_VENUE,
    "ask_update": {S.ACCEPTED, S.PARTIALLY_FILLED},
    "update": (OPEN_AT_VENUE - {S.SUBMITTED}) | GONE,
    "refuse": (OPEN_AT_VENUE - {S.SUBMITTED}) | GONE | ENDED_BY_ITSELF,
    "cancel": OPEN_AT_VENUE | GONE,
    "expire": OPEN_AT_VENUE | {S.EXPIRED},
}
"""Written from the requirements: what a venue may say, early, late and twice."""


@pytest.mark.parametrize(("status", "move"), list(product(OrderStatus, LEGAL_FROM)))
def test_a_move_is_legal_where_the_requirements_say_so(status: OrderStatus, move: str) -> None:
    assert (move in TRANSITIONS[status]) == (status in LEGAL_FROM[move])


def test_the_table_knows_every_status_and_no_other_move() -> None:
    assert set(TRANSITIONS) == set(OrderStatus)
    assert {move for moves in TRANSITIONS.values() for move in moves} == set(LEGAL_FROM)


@pytest.mark.parametrize("status", [s for s in OrderStatus if s.is_terminal])
def test_a_finished_order_stays_as_it_ended_unless_it_was_filled_after_all(
    status: OrderStatus,
) -> None:
    for move, target in TRANSITIONS[status].items():
        assert target == (S.FILLED if move == "full_fill" else status)


@pytest.mark.parametrize(
    ("move", "target"),
    [
        ("reject", S.REJECTED),
        ("deny", S.DENIED),
        ("expire", S.EXPIRED),
        ("cancel", S.CANCELED),
        ("full_fill", S.FILLED),
        ("ask_cancel", S.PENDING_CANCEL),
        ("ask_update", S.PENDING_UPDATE),
    ],
)
def test_a_move_of_an_open_order_leads_where_its_name_says(move: str, target: S) -> None:
    for status, moves in TRANSITIONS.items():
        if move in moves and not status.is_terminal:
            assert moves[move] == target


@pytest.mark.parametrize("status", [S.PENDING_CANCEL, S.PENDING_UPDATE])
def test_a_request_stays_pending_until_it_is_answered(status: OrderStatus) -> None:
    moves = TRANSITIONS[status]

    assert moves["accept"] == moves["part_fill"] == status
    assert moves["refuse"] == WORKING


def test_only_a_rejection_or_our_own_gate_ends_an_order_that_was_never_seen() -> None:
    ends = {
        move
        for move, target in TRANSITIONS[S.UNKNOWN].items()
        if isinstance(target, OrderStatus) and target.is_terminal
    }

    assert ends == {"reject", "cancel", "expire", "full_fill"}
    assert TRANSITIONS[S.UNKNOWN]["refuse"] == S.UNKNOWN
