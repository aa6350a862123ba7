"""Scores of forecasts: Brier by hand, nothing before thirty, a state that survives."""

from __future__ import annotations

import json
from math import exp, sqrt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_swarm_sim.score import Forecast, ScoreBook, brier, summary

THIRD = (1 / 3, 1 / 3, 1 / 3)


def made(name="a", **changes):
    given = {
        "forecast_id": name,
        "instrument_id": "sim:X",
        "ts_event": 100,
        "horizon_ns": 10,
        "px": 100.0,
        "band": 0.01,
        "probabilities": (0.5, 0.3, 0.2),
        "base": (0.4, 0.4, 0.2),
    } | changes
    return Forecast(**given)


@pytest.mark.parametrize(
    ("move", "outcome", "hit", "score", "base"),
    [
        (0.011, 0, True, 0.25 + 0.09 + 0.04, 0.36 + 0.16 + 0.04),
        (0.009, 1, False, 0.25 + 0.49 + 0.04, 0.16 + 0.36 + 0.04),
        (-0.011, 2, False, 0.25 + 0.09 + 0.64, 0.16 + 0.16 + 0.64),
    ],
)
def test_a_forecast_is_scored_by_hand(move, outcome, hit, score, base):
    book = ScoreBook()
    book.add(made())
    (told,) = book.settle("sim:X", 110, 100.0 * exp(move))

    assert (told.outcome, told.hit) == (outcome, hit)
    assert told.brier == pytest.approx(score, abs=1e-12)
    assert told.base_brier == pytest.approx(base, abs=1e-12)


def test_certainty_scores_zero_when_right_and_two_when_wrong():
    assert brier((0.0, 1.0, 0.0), 1) == 0.0
    assert brier((1.0, 0.0, 0.0), 1) == 2.0
    assert brier(THIRD, 2) == pytest.approx(2 / 3)


@given(st.tuples(*[st.floats(0.01, 1.0)] * 3), st.tuples(*[st.floats(0.01, 1.0)] * 3))
def test_nobody_gains_by_telling_other_than_what_he_believes(true, told):
    p = [x / sum(true) for x in true]
    q = [x / sum(told) for x in told]
    honest = sum(p[k] * brier(p, k) for k in range(3))
    assert sum(p[k] * brier(q, k) for k in range(3)) >= honest - 1e-12


def test_nothing_is_said_before_thirty_were_scored():
    book = ScoreBook()
    for i in range(30):
        assert book.score() is None
        book.add(made(str(i)))
        book.settle("sim:X", 110, 102.0)
    told = book.score()
    assert told.scored == 30
    assert told.brier == pytest.approx(0.38)
    assert told.base_brier == pytest.approx(0.56)
    assert told.skill == pytest.approx(1.0 - 0.38 / 0.56)
    assert told.hit_rate == 1.0
    assert told.skill_t is None, "thirty equal differences have no spread"
    assert book.score("sim:Y") is None


def test_the_t_ratio_is_that_of_the_mean_difference():
    book = ScoreBook()
    book.add(made("a"))
    book.add(made("b", ts_event=200))
    rows = [*book.settle("sim:X", 110, 102.0), *book.settle("sim:X", 210, 100.0)]
    first, second = 0.56 - 0.38, 0.56 - 0.78
    spread = sqrt(((first - second) / 2) ** 2 * 2 / 1 / 2)
    assert summary(rows).skill_t == pytest.approx((first + second) / 2 / spread)


def test_a_forecast_waits_for_its_horizon_and_for_its_instrument():
    book = ScoreBook()
    book.add(made())
    assert book.settle("sim:X", 109, 50.0) == ()
    assert book.settle("sim:Y", 500, 50.0) == ()
    assert book.waiting == 1
    assert len(book.settle("sim:X", 110, 50.0)) == 1
    assert book.settle("sim:X", 111, 50.0) == ()
    assert (book.waiting, book.count(), book.count("sim:X"), book.count("sim:Y")) == (0, 1, 1, 0)


def test_what_waits_can_be_dropped_after_a_gap():
    book = ScoreBook()
    book.add(made("a"))
    book.add(made("b", instrument_id="sim:Y"))
    assert book.drop("sim:X") == 1
    assert book.settle("sim:X", 999, 100.0) == ()
    assert book.waiting == 1


def test_a_book_survives_json():
    book = ScoreBook(keep=40)
    for i in range(50):
        book.add(made(str(i), probabilities=(0.1 + i / 100, 0.5 - i / 200, 0.4 - i / 200)))
        book.settle("sim:X", 110, 100.0 + i % 3)
    book.add(made("waits"))
    again = ScoreBook.from_state(json.loads(json.dumps(book.state())))

    assert again.state() == book.state()
    assert again.score() == book.score()
    assert again.count() == 40
    assert again.settle("sim:X", 110, 102.0) == book.settle("sim:X", 110, 102.0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"probabilities": (0.5, 0.3, 0.3)}, "probabilities"),
        ({"probabilities": (1.2, -0.1, -0.1)}, "probabilities"),
        ({"base": (float("nan"), 0.5, 0.5)}, "base"),
        ({"px": 0.0}, "px"),
        ({"px": float("inf")}, "px"),
        ({"band": 0.0}, "band"),
        ({"horizon_ns": 0}, "horizon_ns"),
    ],
)
def test_a_forecast_that_cannot_be_scored_is_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        ScoreBook().add(made(**changes))


def test_an_id_that_waits_is_refused():
    book = ScoreBook()
    book.add(made())
    with pytest.raises(ValueError, match="'a' is waiting"):
        book.add(made())


@pytest.mark.parametrize("px", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_that_is_none_settles_nothing(px):
    book = ScoreBook()
    book.add(made())
    with pytest.raises(ValueError, match="px"):
        book.settle("sim:X", 500, px)
    assert book.waiting == 1


@pytest.mark.parametrize(
    "state", [{}, {"keep": 30}, {"keep": 30, "waiting": [1], "scored": []}, {"keep": "x"}]
)
def test_a_state_that_is_none_is_refused(state):
    with pytest.raises(ValueError, match="state"):
        ScoreBook.from_state(state)


def test_a_book_must_be_able_to_keep_thirty():
    with pytest.raises(ValueError, match="keep"):
        ScoreBook(keep=29)


def test_the_mean_of_nothing_is_refused():
    with pytest.raises(ValueError, match="none"):
        summary([])


def test_forecasts_are_plain_values():
    assert msgspec.json.decode(msgspec.json.encode(made()), type=Forecast) == made()
