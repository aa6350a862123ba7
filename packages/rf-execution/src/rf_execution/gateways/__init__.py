"""Doors to venues: the only room of the package that uses locks or does I/O."""

from rf_execution.gateways.gate import Gate
from rf_execution.gateways.paper import PaperGateway

__all__ = ["Gate", "PaperGateway"]
