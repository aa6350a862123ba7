"""Prometheus metrics of the house, under the names of the published table.

`HouseMetrics` has two doors: `observe(envelope, outputs)` counts what passes through the engine,
`snapshot(status)` sets the gauges from the same status mapping that people read. `render()`
gives the text a scraper asks for. Only what today's engine can feed is exported; a value that
is not known is NaN, never zero. `BoundedLabels` bounds the number of distinct label values.
"""

from rf_metrics.house import PREFIX, HouseMetrics
from rf_metrics.labels import OTHER, BoundedLabels

__all__ = ["HouseMetrics", "BoundedLabels", "OTHER", "PREFIX"]
