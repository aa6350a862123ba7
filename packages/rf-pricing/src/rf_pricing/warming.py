"""Compile the kernels before they are needed, one line of progress for each subject."""

from __future__ import annotations

from collections.abc import Callable


def warm(tell: Callable[[str], None] | None = None) -> None:
    """Call every kernel once, so that numba compiles it or loads it from its cache.

    Parameters
    ----------
    tell : callable, optional
        Told the subject that comes next, such as ``"2 of 5: american options"``.

    Notes
    -----
    The first time takes about a minute on two cores; later ones two seconds.
    """
    for number, (subject, call) in enumerate(_SUBJECTS.items(), 1):
        if tell is not None:
            tell(f"{number} of {len(_SUBJECTS)}: {subject}")
        call()


def _vanilla() -> None:
    from rf_pricing import vanilla as v

    spots = [90.0, 110.0]
    px = v.bsm_price(spots, 100.0, 1.0, 0.2)
    v.bsm_greeks(spots, 100.0, 1.0, 0.2)
    v.bsm_main_greeks(spots, 100.0, 1.0, 0.2)
    v.bsm_implied_vol(px, spots, 100.0, 1.0)
    v.bsm_implied_vol(v.bsm_price(100.0, 100.0, 1.0, 0.2), 100.0, 100.0, 1.0)
    v.bsm_greeks(100.0, 100.0, 1.0, 0.2)
    v.black76_price(spots, 100.0, 1.0, 0.2)
    v.bachelier_price(spots, 100.0, 1.0, 20.0)


def _american() -> None:
    from rf_pricing.american import american_price, binomial_price

    american_price(100.0, 105.0, 0.5, 0.2, rate=0.05, is_call=False)
    binomial_price(100.0, 105.0, 0.5, 0.2, steps=10)


def _smile() -> None:
    from rf_pricing.smile import calibrate_sabr

    calibrate_sabr(0.03, [0.02, 0.025, 0.03, 0.035], [0.3, 0.27, 0.25, 0.26], 1.0, beta=0.5)


def _heston() -> None:
    from rf_pricing.heston import HestonParams, heston_greeks, heston_price

    params = HestonParams(0.04, 1.5, 0.04, 0.3, -0.7)
    heston_price(params, 100.0, [90.0, 110.0], 1.0)
    heston_greeks(params, 100.0, [90.0, 110.0], 1.0)


def _simulation() -> None:
    from rf_pricing.monte_carlo import European, Gbm, Heston, mc_price

    for model in (
        Gbm(spot=100.0, vol=0.2),
        Heston(spot=100.0, v0=0.04, kappa=1.5, theta=0.04, sigma=0.3, rho=-0.7),
    ):
        mc_price(model, European(100.0), 1.0, paths=256, steps=4, seed=1)


_SUBJECTS: dict[str, Callable[[], None]] = {
    "European options": _vanilla,
    "American options": _american,
    "smiles": _smile,
    "Heston": _heston,
    "Monte Carlo": _simulation,
}
