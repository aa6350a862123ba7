import pytest

from rf_metrics import HouseMetrics


@pytest.fixture
def metrics():
    return HouseMetrics(max_symbols=3)


@pytest.fixture
def value(metrics):
    """Read one sample by name and labels; None when it is not exported."""
    return lambda name, **labels: metrics.registry.get_sample_value(name, labels)
