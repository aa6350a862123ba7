import pytest

from rf_strategy import Momentum, StrategyRegistry, StrategySpec, mean_reversion, momentum

FACTORIES = {"momentum": momentum.build, "mean_reversion": mean_reversion.build}
BTC, ETH = "binance:BTCUSDT", "binance:ETHUSDT"


@pytest.fixture
def registry():
    specs = [
        StrategySpec(id="all", factory="momentum"),
        StrategySpec(id="btc", factory="mean_reversion", parameters={"instruments": [BTC]}),
        StrategySpec(id="off", factory="momentum", enabled=False),
    ]
    return StrategyRegistry(FACTORIES, specs)


def ids(strategies):
    return [strategy.strategy_id for strategy in strategies]


def test_subscribers_are_the_enabled_ones_that_want_the_instrument_in_order(registry):
    assert list(registry) == ["all", "btc", "off"]
    assert ids(registry.subscribers(BTC)) == ["all", "btc"]
    assert ids(registry.subscribers(ETH)) == ["all"]
    assert registry.subscribers(BTC) is registry.subscribers(BTC)  # looked up once


def test_switching_takes_effect_at_once_and_remembers_why(registry):
    registry.subscribers(BTC)
    registry.set_enabled("all", enabled=False, reason="too many orders")
    registry.set_enabled("off", enabled=True, reason="")
    assert ids(registry.subscribers(BTC)) == ["btc", "off"]
    assert registry.why_disabled("all") == "too many orders"
    assert registry.why_disabled("off") is None
    assert registry.disabled == {"all": "too many orders"}
    registry.disabled.clear()
    assert registry.why_disabled("all") == "too many orders"


def test_a_strategy_switched_off_in_the_settings_says_so(registry):
    assert registry.why_disabled("off") == "switched off in the settings"


def test_an_unknown_strategy_cannot_be_switched(registry):
    with pytest.raises(KeyError, match="nobody"):
        registry.set_enabled("nobody", enabled=False, reason="")
    assert registry.get("nobody") is None


def test_a_swap_replaces_the_strategy_and_keeps_its_place_and_switch(registry):
    registry.subscribers(BTC)
    registry.set_enabled("btc", enabled=False, reason="paused")
    registry.put("btc", "momentum", {"instruments": [ETH]})
    assert isinstance(registry.get("btc"), Momentum)
    assert list(registry) == ["all", "btc", "off"]
    assert registry.why_disabled("btc") == "paused"
    registry.set_enabled("btc", enabled=True, reason="")
    assert ids(registry.subscribers(BTC)) == ["all"]
    assert ids(registry.subscribers(ETH)) == ["all", "btc"]


def test_a_swap_that_cannot_be_built_leaves_the_old_strategy(registry):
    old = registry.get("btc")
    with pytest.raises(ValueError, match="period = 0"):
        registry.put("btc", "momentum", {"period": 0})
    assert registry.get("btc") is old
    assert ids(registry.subscribers(BTC)) == ["all", "btc"]


def test_an_unknown_factory_lists_the_known_ones():
    message = "no strategy factory is called 'momentun'; known: mean_reversion, momentum"
    with pytest.raises(ValueError, match=message):
        StrategyRegistry(FACTORIES, [StrategySpec(id="x", factory="momentun")])
    with pytest.raises(ValueError, match="known: none"):
        StrategyRegistry({}, [StrategySpec(id="x", factory="momentum")])


def test_two_strategies_of_one_id_are_refused():
    twice = [StrategySpec(id="m1", factory="momentum"), StrategySpec(id="m1", factory="momentum")]
    with pytest.raises(ValueError, match="strategy id 'm1' is given twice"):
        StrategyRegistry(FACTORIES, twice)
