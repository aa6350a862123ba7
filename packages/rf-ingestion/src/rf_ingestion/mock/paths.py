"""How the fair price of a simulated symbol moves."""

from __future__ import annotations

from math import exp, log, sqrt

from rf_ingestion.mock.presets import Group, Preset

_REVERSION_S = 6 * 3_600.0
"""Time in which an event contract's log odds come back by 1 - 1/e, seconds."""


class GeometricPath:
    """Geometric Brownian motion: S grows by exp((mu - sigma²/2) dt + sigma √dt Z) a step."""

    __slots__ = ("_drift", "_px", "_vol")

    def __init__(self, preset: Preset, px: float, step_s: float) -> None:
        years = step_s / preset.traits.seconds_per_year
        self._px = px
        self._drift = preset.drift * years
        self._vol = preset.vol * sqrt(years)

    def advance(self, burst: float, normal: float) -> float:
        """Return the price after a step with `burst` times the usual volatility."""
        vol = self._vol * burst
        self._px *= exp(self._drift - 0.5 * vol * vol + vol * normal)
        return self._px


class LogOddsPath:
    """Price in (0, 1) whose log odds diffuse and are slowly drawn back to where they began.

    Without the pull a contract that never settles would stick to 0 or 1.
    """

    __slots__ = ("_home", "_odds", "_pull", "_vol")

    def __init__(self, preset: Preset, px: float, step_s: float) -> None:
        self._odds = log(px / (1.0 - px))
        self._home = log(preset.px / (1.0 - preset.px))
        self._pull = 1.0 - exp(-step_s / _REVERSION_S)
        self._vol = preset.vol * sqrt(step_s / preset.traits.seconds_per_year)

    def advance(self, burst: float, normal: float) -> float:
        """Return the price after a step with `burst` times the usual volatility."""
        self._odds += self._pull * (self._home - self._odds) + self._vol * burst * normal
        return 1.0 / (1.0 + exp(-self._odds))


def path_of(preset: Preset, px: float, step_s: float) -> GeometricPath | LogOddsPath:
    """Return the path of `preset` that begins at `px` and moves every `step_s` seconds.

    Raises
    ------
    ValueError
        If `px` is not finite and positive, or not below 1 for an event contract.
    """
    top = 1.0 if preset.group is Group.EVENT else 1e300
    if not 0.0 < px < top:
        raise ValueError(
            f"start price of {preset.symbol}: expected above 0 and below {top:g}, was {px}"
        )
    if preset.group is Group.EVENT:
        return LogOddsPath(preset, px, step_s)
    return GeometricPath(preset, px, step_s)
