import subprocess
import sys

import pytest

import rf_event_bus

HEAVY = ("asyncio", "numpy", "aiohttp", "websockets", "ssl", "redis", "hashlib", "secrets")


@pytest.mark.parametrize("module", ["rf_event_bus", "rf_event_bus.ask_client"])
def test_the_command_line_half_loads_nothing_heavy(module):
    code = f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])"

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout.strip() == "[]"


def test_every_public_name_can_be_had():
    assert all(getattr(rf_event_bus, name) is not None for name in rf_event_bus.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = rf_event_bus.nothing
