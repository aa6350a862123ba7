"""Where orders leave: the paper venue and the last gate.

`PaperVenue` fills against the market everybody sees, with latency, partial fills and fees;
`rf_execution.gateways.PaperGateway` puts it behind the gateway port and
`rf_execution.gateways.Gate` is the door that a kill shuts from any thread.
"""

from rf_execution.config import Faults, PaperConfig
from rf_execution.paper import PaperVenue

__all__ = ["PaperVenue", "PaperConfig", "Faults"]
