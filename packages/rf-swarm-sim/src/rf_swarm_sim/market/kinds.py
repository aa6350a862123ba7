"""What agents are, what they can do and why they did it."""

from __future__ import annotations

from enum import IntEnum


class AgentKind(IntEnum):
    """The seven kinds of agents, in the order in which they are laid out in the arrays."""

    RETAIL = 0
    HEDGE_FUND = 1
    MARKET_MAKER = 2
    ARBITRAGE_BOT = 3
    MOMENTUM = 4
    NEWS = 5
    CONTRARIAN = 6

    @property
    def label(self) -> str:
        """Name for people and logs, such as ``HedgeFund``."""
        return "".join(word.capitalize() for word in self.name.split("_"))


class Action(IntEnum):
    """What an agent did when it was last awake."""

    HOLD = 0
    BUY = 1
    SELL = 2
    PROVIDE_LIQUIDITY = 3
    CROSS_SPREAD = 4

    @property
    def label(self) -> str:
        """Name for people and logs, such as ``ProvideLiquidity``."""
        return "".join(word.capitalize() for word in self.name.split("_"))


class Reason(IntEnum):
    """Why it did so, recorded when it decided; NONE stands for a hold."""

    NONE = 0
    MOMENTUM_SIGNAL = 1
    MEAN_REVERSION = 2
    NEWS_SHOCK = 3
    RSI_OVERBOUGHT = 4
    RSI_OVERSOLD = 5
    SPREAD_CAPTURE = 6
    ARBITRAGE_OPPORTUNITY = 7
    PANIC_SELL = 8
    FOMO_ENTRY = 9
    VOLATILITY_BREAKOUT = 10
    RISK_LIMIT_HIT = 11
    RANDOM = 12

    @property
    def label(self) -> str:
        """Name for people and logs, such as ``RsiOversold``."""
        return "".join(word.capitalize() for word in self.name.split("_"))
