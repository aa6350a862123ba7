import subprocess
import sys

import pytest

import rf_net

HEAVY = ("asyncio", "aiohttp", "websockets", "ssl")


@pytest.mark.parametrize("module", ["rf_net", "rf_net.token"])
def test_the_command_line_half_loads_nothing_heavy(module):
    code = f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])"

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout.strip() == "[]"


def test_every_public_name_can_be_had():
    assert all(getattr(rf_net, name) is not None for name in rf_net.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = rf_net.nothing
