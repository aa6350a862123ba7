"""Nasty parameters against 60 to 110 digit arithmetic, and the kernels against themselves.

The table was computed with mpmath: the integral along a leaning contour between the poles, the
logarithm followed from the real axis, derivatives by differences (at the ends of the range of
rho one-sided). Columns: (v0, kappa, theta, sigma, rho), strike, tau, rate, dividend yield,
is_call, value, delta, gamma, by v0, kappa, theta, sigma, rho. Spot 100.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_pricing.heston import (
    HestonNandi,
    HestonParams,
    calibrate_heston,
    heston_cf,
    heston_greeks,
    heston_implied_vol,
    heston_nandi_price,
    heston_price,
)
from rf_pricing.heston._kernels import contour, fit, integral, nandi, slice, transform
from rf_pricing.vanilla import bsm_greeks, bsm_price

CASES = [
    (
        (0.04, 0.5, 0.04, 0.5, -0.7),
        100,
        30,
        0.02,
        0.01,
        False,
        14.783820125152,
        -0.11055718867424337,
        0.0019419324178515786,
        16.38058210997085,
        6.801834646966865,
        235.18822549599741,
        -7.270640723471819,
        2.100043426567775,
    ),  # 30y
    (
        (0.04, 0.5, 0.04, 0.5, -0.7),
        1000,
        30,
        0.02,
        0.01,
        True,
        0.03851315625539146,
        0.0021299071072171153,
        9.57107273866065e-05,
        0.3394572353496293,
        0.09830100916608409,
        4.916482090571933,
        -0.11142747281997087,
        0.7032347389065162,
    ),  # 30y-wing
    (
        (0.09, 0.01, 0.09, 0.8, 0.3),
        150,
        50,
        0.0,
        0.0,
        True,
        14.983842911257325,
        0.21892222075203924,
        0.0024049289546736606,
        103.52708070237946,
        419.5174097697302,
        49.118639525168305,
        -16.593212755398365,
        14.1720549594172,
    ),  # 50y-lowk
    (
        (0.04, 1, 0.06, 1, -0.9),
        100,
        100,
        0.01,
        0.0,
        False,
        20.308235853915424,
        -0.04556564342204924,
        0.0004857167879506202,
        1.9965010061724455,
        3.444478287272734,
        198.19656459780498,
        -3.437126166353257,
        2.396203948741028,
    ),  # 100y
    (
        (0.04, 1, 0.04, 1, 0.9),
        300,
        30,
        0,
        0,
        True,
        33.33413397011051,
        0.4084184892323751,
        0.0011102938278102464,
        21.61251561313571,
        -10.99986029885704,
        614.4307004714099,
        11.493150391238071,
        27.64938824030502,
    ),  # 30y-posrho-k
    (
        (0.04, 2, 0.04, 0.3, -1),
        100,
        1,
        0,
        0,
        True,
        7.527424008890305,
        0.6221101718424865,
        0.01975914220694741,
        42.09760626707528,
        0.14294641633765742,
        58.49158816928781,
        -2.32217954125932,
        0.3171262855305206,
    ),  # rho-1
    (
        (0.04, 2, 0.04, 0.3, -1),
        110,
        1,
        0,
        0,
        True,
        3.0940205258907953,
        0.40148769761446745,
        0.026000260174440244,
        40.16457852385587,
        0.3560548465960618,
        60.80006868615741,
        -4.815942593267007,
        1.3463171339919733,
    ),  # rho-1-k
    (
        (0.04, 2, 0.04, 0.3, 1),
        85,
        1,
        0,
        0,
        False,
        1.1119489522131862,
        -0.19494574891200567,
        0.021800387657377237,
        27.562288696320387,
        0.3177199200787943,
        43.50327686571118,
        -4.121378159719104,
        -1.523189913907845,
    ),  # rho+1-put
    (
        (0.04, 1, 0.04, 1.5, 0.9999),
        105,
        0.5,
        0,
        0,
        True,
        2.8409329979124354,
        0.10737427666967239,
        0.004336883745302013,
        47.26285079413134,
        0.23505757499234584,
        16.477165119899066,
        -0.9989816682933682,
        1.0815536199210631,
    ),  # rho.9999
    (
        (0.04, 1, 0.04, 2.5, -0.9999),
        95,
        2,
        0.05,
        0.0,
        False,
        2.1342768633856246,
        -0.035828638922273295,
        0.0018858760209632007,
        17.584087351172347,
        0.995440531194867,
        32.72168546714101,
        -0.6403777823334454,
        1.1253884382256942,
    ),  # rho-.9999
    (
        (0.05, 1.5, 0.04, 0.0001, 0.8),
        80,
        1,
        0.03,
        0.01,
        False,
        1.1669231306017136,
        -0.10456295501977365,
        0.008506568585159156,
        22.02505747383675,
        -0.08351228520457415,
        20.502446789101153,
        -2.4618503571079473,
        -0.00030774149382979893,
    ),  # sig0.0001-0.8-p
    (
        (0.05, 1.5, 0.04, 0.01, -0.5),
        105,
        1,
        0.03,
        0.01,
        True,
        7.125431899468649,
        0.48493345755962447,
        0.018612231282175606,
        48.09145755297842,
        -0.18036600041913003,
        44.797131664398215,
        -0.8447653267974197,
        0.015706988885749854,
    ),  # sig0.01--0.5
    (
        (0.05, 1.5, 0.04, 5, -0.5),
        80,
        1,
        0.03,
        0.01,
        False,
        0.9005051723110138,
        -0.016087943295550505,
        0.0008703274637429762,
        8.924854817887859,
        0.1731805568355922,
        11.106193536766195,
        -0.12095109728078093,
        -0.02728937656236806,
    ),  # sig5--0.5-p
    (
        (0.05, 1.5, 0.04, 20, 0.8),
        105,
        1,
        0.03,
        0.01,
        True,
        0.9426574779980469,
        0.03649417229040737,
        0.00924385192610314,
        8.731033647884841,
        0.2871023425934085,
        12.25688244706506,
        -0.04168010819345401,
        0.07324098369937504,
    ),  # sig20-0.8
    (
        (0.05, 1.5, 0.04, 100, -0.5),
        105,
        1,
        0.03,
        0.01,
        True,
        0.08766637608314605,
        0.010755435338199249,
        0.003792875749516538,
        0.8059134819527265,
        0.031298044371117974,
        1.198820258725078,
        -0.0008684074208615282,
        0.14911131421509344,
    ),  # sig100--0.5
    (
        (0.04, 2, 0.04, 0.5, -0.6),
        110,
        0.0027397260273972603,
        0.03,
        0.0,
        True,
        1.8982175527028156e-27,
        2.4381854557356416e-26,
        3.1036191854260163e-25,
        3.126297129171552e-24,
        1.1383933741456008e-29,
        9.224012011890515e-27,
        -3.375273984980154e-26,
        1.0928223913771737e-25,
    ),  # T0.0027-110
    (
        (0.04, 2, 0.04, 0.5, -0.6),
        101,
        0.00011415525114155251,
        0.03,
        0.0,
        True,
        4.3318015324981765e-08,
        1.0786713928364204e-06,
        2.5853209509305942e-05,
        1.420698471793173e-05,
        7.88014702688092e-13,
        1.6420944296692567e-09,
        -4.1296212405208766e-08,
        3.692653962689141e-08,
    ),  # T0.00011-101
    (
        (0.04, 1.5, 0.05, 0.4, -0.7),
        1,
        1,
        0.0,
        0.0,
        False,
        2.1916888091493725e-13,
        -1.3318535773206207e-14,
        9.411739961257843e-16,
        1.5766587865843647e-11,
        -8.885376373341753e-13,
        6.206172641377921e-12,
        1.1985950548218441e-11,
        -2.5688871265016732e-12,
    ),  # wing1
    (
        (0.04, 1.5, 0.05, 0.9, 0.5),
        1000,
        0.25,
        0.0,
        0.0,
        True,
        9.674174871749174e-10,
        1.048339710497203e-10,
        1.0296559949489952e-11,
        6.918744379934649e-08,
        -9.696521305642065e-10,
        5.642779232666098e-09,
        2.0123111489844113e-08,
        1.0860945126505793e-08,
    ),  # wingpos1000
    (
        (0.04, 1.5, 0.05, 0.4, -0.7),
        10000.0,
        1,
        0.0,
        0.0,
        True,
        1.3440560699876726e-44,
        3.3362972388776505e-45,
        7.94610658466121e-46,
        2.3877676688143778e-42,
        -3.284242224632011e-43,
        1.2658290404421813e-42,
        2.8692632996376575e-42,
        3.646634957587407e-42,
    ),  # wing10000.0
    (
        (0.04, 1.5, 0.05, 0.9, 0.5),
        30,
        0.25,
        0.0,
        0.0,
        False,
        3.438401154205714e-11,
        -7.106384451764719e-12,
        1.5375690194154651e-12,
        3.009679780668985e-09,
        -4.8612902942926486e-11,
        3.3464302546797503e-10,
        7.211604938502325e-10,
        -1.0681532559455824e-09,
    ),  # wingpos30
    (
        (0, 1e-05, 0.05, 0.4, -0.7),
        102,
        1,
        0.01,
        0.0,
        True,
        3.575476472549893e-05,
        2.299342577574158e-05,
        2.7971236610497756e-05,
        113.06086918738538,
        3.575676102859865,
        0.0007151374169201945,
        -3.745799320228921e-05,
        0.00010714085912803074,
    ),  # ka1e-05-0
    (
        (0.04, 1000, 0.05, 0.4, -0.7),
        102,
        1,
        0.01,
        0.0,
        True,
        8.460173008435058,
        0.527329835998786,
        0.017804620639179803,
        0.0890057528544791,
        1.7660319342653787e-06,
        88.91676462408385,
        -0.0021921263217045584,
        0.0012423820145391173,
    ),  # ka1000-0.04
    (
        (0, 1.5, 0.04, 0.6, -0.7),
        120,
        0.1,
        0,
        0,
        True,
        5.0947100549241576e-11,
        6.073075765319549e-11,
        7.187986946146567e-11,
        1.829151420652377e-07,
        5.2333530698278935e-11,
        3.190878091129929e-09,
        1.485592387831351e-09,
        2.2391614168093043e-09,
    ),  # v0=0-0.1-k
    (
        (0.04, 1.5, 0, 0.6, -0.7),
        100,
        10,
        0,
        0,
        True,
        4.231613719769492,
        0.6974200688455556,
        0.04377957569463608,
        73.17104510558124,
        -0.7556745090536569,
        1069.8613733744987,
        -2.988883400671047,
        1.4093918566525925,
    ),  # th=0-10
    (
        (0.01, 0.1, 0.01, 3, -0.9),
        100,
        1,
        0,
        0,
        True,
        0.47334830911287845,
        0.8528195734919457,
        0.3820247624256216,
        38.46062339006449,
        0.33588157373199307,
        3.6670053220549543,
        -0.13781408501742506,
        0.9037023866874926,
    ),  # feller-bad
    (
        (1e-06, 0.5, 0.0001, 2, -0.95),
        103,
        1,
        0,
        0,
        True,
        7.734362198994495e-05,
        3.458885431920226e-05,
        2.0276987998189497e-05,
        2.050641482504356,
        0.00010063424347269288,
        0.7537581915014684,
        -1.255819309575667e-05,
        0.002580545034673371,
    ),  # feller-bad3
    (
        (4, 0.1, 4, 5, -0.5),
        500,
        30,
        0,
        0,
        True,
        54.278736992874826,
        0.7303823260360736,
        0.0018830547542762223,
        3.2569799436565616,
        372.0034674325726,
        9.667613255627943,
        -9.962992043303307,
        56.73068471407604,
    ),  # bigvar2
    (
        (0.04, 1, 0.04, 0.5, 0.0),
        100,
        3,
        -0.02,
        0.03,
        True,
        6.481962222786092,
        0.3133313222141623,
        0.011667644869950885,
        44.82961353883696,
        0.9130451931347477,
        103.45867254706889,
        -2.6439999332424606,
        2.732992914376974,
    ),  # negr
    (
        (
            0.000803889427229095,
            0.2716640237672252,
            0.0011671651436305365,
            2.318755257201139,
            -0.41037414757605783,
        ),
        97.32039207602745,
        5.380704650926904,
        0.0799299948069468,
        0.04261263354468715,
        False,
        0.045750262978267994,
        -0.0007352397634978423,
        4.3311286460660164e-05,
        19.357990663884536,
        0.09421513423953456,
        25.84485573859661,
        -0.016510219824773232,
        0.0020760039937682976,
    ),  # rnd13
    (
        (
            0.0029555219290216808,
            0.22113498787032834,
            0.004598389710400971,
            0.013923722965843282,
            -0.9247908897677706,
        ),
        101.54416675841055,
        0.0055791606192633425,
        -0.0020613557877168717,
        0.02543145889064438,
        True,
        4.920087436102331e-06,
        5.4267638729933135e-05,
        0.0005675543481420156,
        0.015281541732659637,
        7.372832021203968e-08,
        9.538098850230365e-06,
        -0.00011104217646706982,
        1.715115246421811e-06,
    ),  # rnd57
    (
        (
            1.6893752885199316,
            0.43431833716963497,
            0.01199136211056988,
            0.07827573166913862,
            0.9685530261321131,
        ),
        98.37620725111825,
        0.03675200876993368,
        0.00863983522600786,
        0.023846784987961847,
        False,
        9.027614666924867,
        -0.4262342858771982,
        0.01578196966435146,
        2.878088779720368,
        -0.0884867305852068,
        0.02302864926211077,
        0.01994568051792287,
        0.0017247792543753724,
    ),  # rnd29
]

TYPICAL = HestonParams(v0=0.09, kappa=2.0, theta=0.09, sigma=0.5, rho=-0.7)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nasty_parameters_are_priced_to_twelve_digits(case):
    parts, strike, tau, rate, dividend_yield, is_call, value, *slopes = case
    params = HestonParams(*parts)
    given_ = {"rate": rate, "dividend_yield": dividend_yield, "is_call": is_call}
    px = heston_price(params, 100.0, strike, tau, **given_)
    told = heston_greeks(params, 100.0, strike, tau, **given_)

    # Relative, however small: but where it cancels 100 (1 - tiny) the bound is the spot's digits.
    assert px == pytest.approx(value, rel=3e-12, abs=3e-14 if value > 1e-6 else 1e-17 * value)
    assert told.value == pytest.approx(value, rel=3e-12, abs=3e-14 if value > 1e-6 else 0.0)
    found = (told.delta, told.gamma, told.vega_v0, *told[4:8])
    for name, got, wanted in zip(told._fields[1:], found, slopes, strict=False):
        assert got == pytest.approx(wanted, rel=2e-10, abs=1e-13 * abs(value)), name


def test_call_and_put_are_in_parity_in_value_and_slopes():
    strikes = np.array([40.0, 90.0, 100.0, 130.0, 400.0])
    given_ = {"rate": 0.03, "dividend_yield": 0.01}
    call = heston_greeks(TYPICAL, 100.0, strikes, 2.0, **given_)
    put = heston_greeks(TYPICAL, 100.0, strikes, 2.0, is_call=False, **given_)
    carried, owed = 100.0 * math.exp(-0.02), strikes * math.exp(-0.06)
    assert call.value - put.value == pytest.approx(carried - owed, abs=1e-12)
    assert call.delta - put.delta == pytest.approx(math.exp(-0.02), abs=1e-14)
    assert call.gamma == pytest.approx(put.gamma, rel=1e-14)
    assert call.theta - put.theta == pytest.approx(0.01 * carried - 0.03 * owed, abs=1e-12)
    assert call.rho - put.rho == pytest.approx(2.0 * owed, abs=1e-10)
    assert call.dividend_rho - put.dividend_rho == pytest.approx(-2.0 * carried, abs=1e-10)


@settings(deadline=None, max_examples=30)
@given(st.floats(0.05, 5.0), st.floats(60.0, 160.0), st.floats(-0.9, 0.9))
def test_theta_and_rho_are_slopes_of_prices(tau, strike, rho):
    params = HestonParams(0.05, 1.3, 0.07, 0.6, rho)
    told = heston_greeks(params, 100.0, strike, tau, rate=0.02, dividend_yield=0.01)
    w = 1e-4

    def px(tau=tau, rate=0.02, dividend_yield=0.01):
        return heston_price(params, 100.0, strike, tau, rate=rate, dividend_yield=dividend_yield)

    assert told.theta == pytest.approx(-(px(tau=tau + w) - px(tau=tau - w)) / (2 * w), abs=1e-4)
    assert told.rho == pytest.approx((px(rate=0.02 + w) - px(rate=0.02 - w)) / (2 * w), abs=1e-4)
    up, down = px(dividend_yield=0.01 + w), px(dividend_yield=0.01 - w)
    assert told.dividend_rho == pytest.approx((up - down) / (2 * w), abs=1e-4)


@settings(deadline=None, max_examples=60)
@given(
    v0=st.floats(1e-4, 1.0), kappa=st.floats(1e-3, 20.0), theta=st.floats(1e-4, 1.0),
    sigma=st.floats(1e-3, 10.0), rho=st.floats(-1.0, 1.0), tau=st.floats(0.003, 40.0),
    seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_a_shared_contour_gives_what_each_strike_gives_alone(
    v0, kappa, theta, sigma, rho, tau, seed
):
    params = HestonParams(v0, kappa, theta, sigma, rho)
    width = 3.0 * math.sqrt(params.mean_variance(tau))
    strikes = 100.0 * np.exp(np.random.default_rng(seed).uniform(-width, width, 6))
    is_call = strikes >= 100.0
    together = heston_price(params, 100.0, strikes, tau, is_call=is_call)
    alone = [
        heston_price(params, 100.0, strike, tau, is_call=bool(call))
        for strike, call in zip(strikes, is_call, strict=True)
    ]
    least = np.minimum(strikes, 100.0)
    assert (np.abs(together - alone) <= 1e-11 * together + 2e-15 * least).all()
    assert (together >= -1e-15 * least).all()


def test_a_surface_is_priced_expiry_by_expiry_in_any_order():
    strikes = np.array([90.0, 100.0, 110.0])
    taus = np.array([[1.0], [0.1], [3.0]])
    grid = heston_price(TYPICAL, 100.0, strikes, taus, rate=0.02)
    assert grid.shape == (3, 3)
    for row, tau in zip(grid, taus[:, 0], strict=True):
        assert row == pytest.approx(heston_price(TYPICAL, 100.0, strikes, tau, rate=0.02))
    mixed = heston_price(TYPICAL, 100.0, 100.0, 1.0, is_call=np.array([True, False]))
    assert mixed[0] == pytest.approx(mixed[1])


def test_no_time_left_is_the_intrinsic_value():
    strikes = [90.0, 100.0, 110.0]
    assert heston_price(TYPICAL, 100.0, strikes, 0.0) == pytest.approx([10.0, 0.0, 0.0], abs=0)
    told = heston_greeks(TYPICAL, 100.0, [90.0, 110.0], 0.0)
    assert told.delta == pytest.approx([1.0, 0.0])
    assert told.gamma == pytest.approx([0.0, 0.0])
    still = HestonParams(0.0, 1.0, 0.0, 0.3, -0.5)
    assert heston_price(still, 100.0, 90.0, 1.0) == pytest.approx(10.0)


def test_a_price_that_cannot_be_reached_is_worth_nothing():
    # With rho = -1 the price stays below F exp((v0 + kappa theta tau) / sigma) = 149.2.
    params = HestonParams(0.04, 2.0, 0.04, 0.3, -1.0)
    assert heston_price(params, 100.0, 150.0, 1.0) == 0.0
    assert 0.0 < heston_price(params, 100.0, 148.0, 1.0) < 1e-12
    assert math.isnan(heston_implied_vol(params, 100.0, 150.0, 1.0))


def test_known_variance_has_the_slopes_of_black_and_scholes_and_the_limit_by_sigma():
    known = HestonParams(0.06, 2.0, 0.04, 0.0, -0.5)
    near = HestonParams(0.06, 2.0, 0.04, 1e-7, -0.5)
    strikes = np.array([80.0, 105.0, 130.0])
    exact = heston_greeks(known, 100.0, strikes, 1.0, rate=0.05)
    limit = heston_greeks(near, 100.0, strikes, 1.0, rate=0.05)
    vol = math.sqrt(known.mean_variance(1.0))
    black = bsm_greeks(100.0, strikes, 1.0, vol, rate=0.05)
    assert exact.value == pytest.approx(black.value, rel=1e-13)
    assert exact.delta == pytest.approx(black.delta, rel=1e-13)
    assert exact.gamma == pytest.approx(black.gamma, rel=1e-12)
    for name in exact._fields:
        got, wanted = getattr(limit, name), getattr(exact, name)
        assert got == pytest.approx(wanted, rel=3e-6, abs=3e-6), name


@pytest.mark.parametrize("kappa", [0.0, 1e-9, 1e-3, 0.00101])
def test_slow_reversion_has_no_seam(kappa):
    known = HestonParams(0.06, kappa, 0.03, 0.0, 0.4)
    random = HestonParams(0.06, kappa, 0.03, 1e-6, 0.4)
    exact = heston_greeks(known, 100.0, 110.0, 1.0)
    near = heston_greeks(random, 100.0, 110.0, 1.0)
    for name in ("vega_v0", "by_kappa", "by_theta", "by_sigma", "theta"):
        assert getattr(near, name) == pytest.approx(getattr(exact, name), rel=1e-4), name


def test_the_characteristic_function_has_its_moments():
    found = heston_cf(TYPICAL, [0.0, -1j, 2.0, -2.0], 1.5)
    assert found[:2] == pytest.approx([1.0, 1.0], abs=1e-15)
    assert found[2] == pytest.approx(np.conj(found[3]), abs=1e-16)
    assert abs(found[2]) < 1.0
    # E X = -(mean variance) / 2, by a difference.
    step = 1e-5
    mean = (heston_cf(TYPICAL, step, 1.5) / 1j / step).real
    assert mean == pytest.approx(-0.5 * TYPICAL.mean_variance(1.5), abs=1e-8)
    flat = HestonParams(0.04, 1.0, 0.04, 0.0, 0.0)
    assert heston_cf(flat, 1.0, 1.0) == pytest.approx(np.exp(0.02 * (-1.0 - 1j)))
    assert heston_cf(TYPICAL, 3.0, 0.0) == 1.0


def test_the_characteristic_function_refuses_infinite_moments():
    wild = HestonParams(0.04, 1.0, 0.04, 2.0, 0.9)
    with pytest.raises(ValueError, match="finite moments"):
        heston_cf(wild, -5j, 2.0)
    with pytest.raises(ValueError, match="finite moments"):
        heston_cf(HestonParams(0.04, 1.0, 0.04, 2.0, -0.9), 4j, 2.0)
    with pytest.raises(ValueError, match="tau"):
        heston_cf(wild, 1.0, -1.0)
    with pytest.raises(ValueError, match="u to be finite"):
        heston_cf(wild, math.nan, 1.0)


def test_wings_keep_their_implied_volatility():
    params = HestonParams(0.04, 1.5, 0.05, 0.4, -0.7)
    strikes = np.array([0.01, 1.0, 10.0, 1e4, 1e6])
    vols = heston_implied_vol(params, 100.0, strikes, 1.0)
    again = bsm_price(100.0, strikes, 1.0, vols, is_call=strikes > 100.0)
    px = heston_price(params, 100.0, strikes, 1.0, is_call=strikes > 100.0)
    assert px[-1] == pytest.approx(1.1348812816664e-92, rel=1e-11)
    assert again == pytest.approx(px, rel=1e-9)


def test_compiled_and_plain_arithmetic_agree():
    p = (1.0, 0.09, 2.0, 0.09, 0.5, -0.7)
    for s in (2.0 + 3.0j, -0.5 + 40.0j, 0.5 + 0.01j):
        plain = transform.log_moment.py_func(s, *p)
        assert transform.log_moment(s, *p) == pytest.approx(plain, rel=1e-13)
        slopes = transform.log_moment_slopes.py_func(s, *p)
        assert transform.log_moment_slopes(s, *p) == pytest.approx(slopes, rel=1e-12)
        assert slopes[0] == pytest.approx(plain, rel=1e-13)
    compiled = contour.contour_of(0.1, *p, 0.09, 0)
    assert contour.contour_of.py_func(0.1, *p, 0.09, 0) == pytest.approx(compiled, rel=1e-12)
    ks, model = np.array([-0.2, 0.1]), p[1:]
    out, plain_out = np.empty((1, 2)), np.empty((1, 2))
    status = np.empty(2, np.int64)
    slice.slice_values(ks, 1.0, *model, out, status)
    slice.slice_values.py_func(ks, 1.0, *model, plain_out, status)
    assert plain_out == pytest.approx(out, rel=1e-13)
    days = (0.5 + 2j, 5, 1e-4, 1e-6, 1e-6, 0.9, 100.0)
    assert nandi.log_moment_days(*days)[0] == pytest.approx(
        nandi.log_moment_days.py_func(*days)[0], rel=1e-12
    )


def test_turns_are_cosines_and_sines():
    x = np.concatenate([np.linspace(-1e3, 1e3, 4001), [0.0, 9.9e4, -9.9e4, math.pi, 1e-300]])
    found = np.array([integral._cos_sin(each) for each in x])
    assert np.abs(found[:, 0] - np.cos(x)).max() < 3e-16
    assert np.abs(found[:, 1] - np.sin(x)).max() < 3e-16


def test_slopes_of_a_surface_are_differences_of_its_volatilities():
    p = np.array([0.04, 1.5, 0.06, 0.6, -0.6])
    ks, edges, taus = np.array([-0.2, 0.0, 0.1, -0.3, 0.2]), np.array([0, 3, 5]), np.array([0.3, 2])
    vols, slopes = np.empty(5), np.empty((5, 5))
    assert fit.surface_vols(p, ks, edges, taus, vols, slopes)
    for m in range(5):
        moved, nothing = [], np.empty((5, 5))
        for sign in (1.0, -1.0):
            q = p.copy()
            q[m] += sign * 1e-5 * abs(p[m])
            moved.append(np.empty(5))
            fit.surface_vols(q, ks, edges, taus, moved[-1], nothing)
        slope = (moved[0] - moved[1]) / (2e-5 * abs(p[m]))
        assert slopes[:, m] == pytest.approx(slope, rel=1e-6, abs=1e-9)


def _surface(params):
    taus = np.repeat([0.08, 0.25, 0.5, 1.0, 2.0, 3.0], 9)
    widths = np.sqrt([params.mean_variance(tau) for tau in taus])
    strikes = 100.0 * np.exp(np.tile(np.linspace(-1.5, 1.5, 9), 6) * widths)
    return strikes, taus, heston_implied_vol(params, 100.0, strikes, taus)


@settings(deadline=None, max_examples=25)
@given(
    v0=st.floats(-2.5, -0.4), kappa=st.floats(-0.7, 1.1), theta=st.floats(-2.5, -0.4),
    sigma=st.floats(-1.0, 0.5), rho=st.floats(-0.95, 0.95),
)  # fmt: skip
def test_every_parameter_of_a_surface_is_found_again(v0, kappa, theta, sigma, rho):
    params = HestonParams(10**v0, 10**kappa, 10**theta, 10**sigma, rho)
    fitted = calibrate_heston(100.0, *_surface(params))
    assert fitted.rmse_vol < 1e-9
    assert fitted.converged
    if abs(math.log(params.v0 / params.theta)) > 0.1:  # else kappa and sigma share one role
        assert fitted.params.array == pytest.approx(params.array, rel=1e-3, abs=1e-4)


def test_the_order_of_the_quotes_does_not_matter():
    strikes, taus, vols = _surface(HestonParams(0.03, 1.0, 0.06, 0.8, 0.4))
    vols = vols + np.random.default_rng(1).normal(0.0, 1e-3, vols.size)
    order = np.random.default_rng(2).permutation(vols.size)
    one = calibrate_heston(100.0, strikes, taus, vols)
    two = calibrate_heston(100.0, strikes[order], taus[order], vols[order])
    assert one.params.array == pytest.approx(two.params.array, rel=1e-5)
    assert one.converged


def test_a_flat_surface_is_fitted_and_told_to_stand_at_a_bound():
    taus = np.repeat([0.25, 1.0, 2.0], 3)
    strikes = 100.0 * np.exp(np.tile([-0.2, 0.0, 0.2], 3) * np.sqrt(taus))
    fitted = calibrate_heston(100.0, strikes, taus, np.full(9, 0.2))
    assert fitted.rmse_vol < 1e-5
    assert fitted.params.v0 == pytest.approx(0.04, abs=1e-4)
    assert "sigma" in fitted.at_bound


def test_weights_move_the_fit():
    strikes, taus, vols = _surface(HestonParams(0.03, 1.0, 0.06, 0.8, -0.4))
    bent = vols + 0.01 * (taus > 1.5)
    weights = np.where(taus > 1.5, 0.0, 1.0)
    fitted = calibrate_heston(100.0, strikes, taus, bent, weights=weights)
    assert fitted.params.v0 == pytest.approx(0.03, rel=1e-6)
    assert fitted.max_error == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize(
    "call",
    [
        lambda: heston_price(TYPICAL, 100.0, 100.0, -1.0),
        lambda: heston_price(TYPICAL, 100.0, 100.0, 1.0, is_call=1),
        lambda: heston_price(TYPICAL, 100.0, "x", 1.0),
        lambda: heston_price(TYPICAL, [100.0, 90.0], 100.0, 1.0),
        lambda: heston_price(TYPICAL, 100.0, [1.0, 2.0], [1.0, 2.0, 3.0]),
        lambda: heston_price(TYPICAL, 100.0, [1.0, 2.0], 1.0, is_call=np.ones(3, bool)),
        lambda: heston_price(TYPICAL, 100.0, 100.0, 1.0, rate=1e4),
        lambda: heston_implied_vol(TYPICAL, 100.0, 100.0, 0.0),
        lambda: calibrate_heston(
            100.0, [90, 95, 100, 105, 110], [1.0] * 5, [0.2] * 5, weights=[1.0, -1.0, 1, 1, 1]
        ),
        lambda: heston_nandi_price(HestonNandi(1e-6, 1e-6, 0.5, 10.0), 100.0, 100.0, 0),
        lambda: heston_nandi_price(HestonNandi(1e-6, 1e-6, 0.5, 10.0), 100.0, 100.0, 5, h1=0.0),
        lambda: HestonNandi(1e-6, 1e-4, 0.9, 100.0),
        lambda: HestonNandi(1e-6, math.nan, 0.9, 1.0),
    ],
)
def test_bad_input_is_refused_with_a_reason(call):
    with pytest.raises(ValueError, match="expected"):
        call()


@pytest.mark.parametrize("strike", [40.0, 70.0, 100.0, 104.0, 150.0, 400.0])
@pytest.mark.parametrize("days", [1, 30, 400])
def test_without_reaction_the_garch_is_black_in_the_wings_too(strike, days):
    flat = HestonNandi(omega=1e-4, alpha=0.0, beta=0.0, gamma=0.0)
    is_call = strike >= 100.0
    told = heston_nandi_price(flat, 100.0, strike, days, is_call=is_call)
    exact = bsm_price(100.0, strike, days, 0.01, is_call=is_call)
    assert told == pytest.approx(exact, rel=1e-11, abs=1e-300)
