from math import exp, sqrt

import pytest

from rf_ai.rota import Rota
from rf_common.clock import NANOS_PER_SECOND
from rf_testkit.builders import START
from rf_testkit.stages import quant_stage

YEAR_S = 252 * 6.5 * 3_600


def at(seconds, **changes):
    return quant_stage(ts_event=START + int(seconds * NANOS_PER_SECOND), **changes)


@pytest.fixture
def rota():
    return Rota(300.0, seconds_per_year=YEAR_S)


def test_the_first_cycle_is_due_as_soon_as_the_snapshot_is_whole(rota):
    assert rota.due(at(0, unavailable="12 samples so far")) == ""
    assert rota.due(at(5)) == "timer"
    assert rota.due(at(6)) == ""


def test_the_timer_runs_from_the_last_cycle(rota):
    rota.due(at(0))
    assert rota.due(at(299)) == ""
    assert rota.due(at(300)) == "timer"
    assert rota.next_due("sim:AAA") == START + 600 * NANOS_PER_SECOND


@pytest.mark.parametrize("sign", [1, -1])
def test_a_move_of_four_deviations_is_important(rota, sign):
    rota.due(at(0))
    sigma = 0.20 * sqrt(60 / YEAR_S)
    assert rota.due(at(60, px=100 * exp(sign * 3.9 * sigma))) == ""
    why = rota.due(at(60, px=100 * exp(sign * 4.1 * sigma)))
    assert why.startswith(f"the price moved {sign * 4.1:+.1f} deviations")


def test_a_surge_of_volatility_is_important(rota):
    rota.due(at(0))
    assert rota.due(at(60, garch_vol=0.32)) == ""
    assert rota.due(at(60, garch_vol=0.36)) == "volatility is 2.0 times its average"


def test_importance_waits_for_a_while_after_a_cycle(rota):
    rota.due(at(0))
    assert rota.due(at(19, garch_vol=0.9)) == ""
    assert rota.due(at(20, garch_vol=0.9)) != ""
    assert rota.due(at(30, garch_vol=0.9)) == ""


def test_a_cycle_without_an_opinion_is_tried_again_soon(rota):
    rota.due(at(0))
    rota.ended("sim:AAA", well=False)
    assert rota.due(at(19)) == ""
    assert rota.due(at(20)) == "timer"
    rota.ended("sim:AAA", well=True)
    assert rota.due(at(60)) == ""


def test_without_a_timer_nothing_is_due():
    rota = Rota(0.0, seconds_per_year=YEAR_S)
    assert rota.due(at(0)) == ""
    assert rota.next_due("sim:AAA") is None
