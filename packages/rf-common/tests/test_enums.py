import pytest

from rf_common import OrderStatus, Side


def test_sides_have_a_sign_and_an_opposite() -> None:
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert (Side.BUY.opposite, Side.SELL.opposite) == (Side.SELL, Side.BUY)


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_is_over_in_five_states_only(status: OrderStatus) -> None:
    over = {"DENIED", "FILLED", "CANCELED", "EXPIRED", "REJECTED"}

    assert status.is_terminal == (status.value in over)
