"""What a simulation returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class McResult:
    """An estimate and how sure it is.

    `std_error` is one standard deviation of `value` over seeds, estimated from the same paths; a
    sampling error only, the model's step adds its own. `plain_std_error` is what it would be
    without the control variates. `complete` tells whether all paths asked for were simulated;
    it is False after a stop at a target and in the partial result of an interruption.
    """

    value: float
    std_error: float
    plain_std_error: float
    paths: int
    steps: int
    seed: int
    complete: bool

    def interval(self, widths: float = 1.96) -> tuple[float, float]:
        """Return the value less and plus so many standard errors; 1.96 cover 95 % of seeds."""
        return self.value - widths * self.std_error, self.value + widths * self.std_error


class SimulationInterruptedError(KeyboardInterrupt):
    """The user stopped a simulation; `partial` is the result of the paths done, if any."""

    def __init__(self, partial: McResult | None) -> None:
        super().__init__("simulation interrupted")
        self.partial = partial
