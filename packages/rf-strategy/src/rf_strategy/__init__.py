"""Trading ideas and how large they are traded.

A strategy has an opinion per instrument and tells it when it changes (`Momentum`,
`MeanReversion`, `SmaCrossover`, `Pairs`, `MarketMaking`; others come through the entry-point
group ``rf.strategies``). The `StrategyRegistry` switches and swaps them at run time; the
`VolTargetSizer` turns opinions into orders.
"""

from rf_strategy.conditions import StrategyCondition
from rf_strategy.market_making import MarketMaking, MarketMakingParameters
from rf_strategy.mean_reversion import MeanReversion, MeanReversionParameters
from rf_strategy.momentum import Momentum, MomentumParameters
from rf_strategy.opinions import Opinion
from rf_strategy.pairs import Pairs, PairsParameters
from rf_strategy.registry import Factory, StrategyRegistry, StrategySpec
from rf_strategy.sizing import NotSized, SizerConfig, VolTargetSizer
from rf_strategy.sma_crossover import SmaCrossover, SmaCrossoverParameters

__all__ = [
    "Momentum",
    "MomentumParameters",
    "MeanReversion",
    "MeanReversionParameters",
    "SmaCrossover",
    "SmaCrossoverParameters",
    "Pairs",
    "PairsParameters",
    "MarketMaking",
    "MarketMakingParameters",
    "StrategyRegistry",
    "StrategySpec",
    "Factory",
    "VolTargetSizer",
    "SizerConfig",
    "NotSized",
    "Opinion",
    "StrategyCondition",
]
