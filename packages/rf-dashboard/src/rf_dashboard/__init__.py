"""The screen without a screen: what terminal and page show, folded from the daemon's events.

`DashboardState.apply` is the one reducer; its `snapshot` is what a screen gets when it connects.
`rf_dashboard.views` computes what is shown, each value with its source, age and staleness;
`rf_dashboard.tickets` and `rf_dashboard.dialogs` hold what is being asked of a person, and
`rf_dashboard.format` and `rf_dashboard.export` write it down. Nothing here waits, speaks to
anybody or asks the time: start with `DashboardState`, `BusEvent` and `Value`.
"""

from rf_dashboard.alerts import Alert, AlertKind
from rf_dashboard.candles import INTERVALS, Candle
from rf_dashboard.connection import Connecting, Connection, Live, Offline
from rf_dashboard.dialogs import (
    CancelDialog,
    KillOverlay,
    ModeDialog,
    QuitDialog,
    ResumeDialog,
    mode_dialog,
    quit_dialog,
    resume_dialog,
)
from rf_dashboard.snapshot import DashboardSnapshot
from rf_dashboard.state import DashboardState
from rf_dashboard.tickets import (
    Answer,
    Judgement,
    Move,
    Problem,
    Stage,
    Ticket,
    TicketCheck,
    judgements_of,
)
from rf_dashboard.values import Value
from rf_dashboard.wire import (
    AccountView,
    BookView,
    BusEvent,
    FeedView,
    InstrumentView,
    IntelligenceView,
    LimitView,
    OrderView,
    OutcomeView,
    PositionView,
    SignalsView,
    StrategyView,
    SystemView,
)

__all__ = [
    "DashboardState",
    "DashboardSnapshot",
    "BusEvent",
    "Value",
    "Connection",
    "Connecting",
    "Live",
    "Offline",
    "INTERVALS",
    "Candle",
    "Alert",
    "AlertKind",
    "Ticket",
    "TicketCheck",
    "Problem",
    "Judgement",
    "judgements_of",
    "Answer",
    "Stage",
    "Move",
    "KillOverlay",
    "ResumeDialog",
    "resume_dialog",
    "CancelDialog",
    "ModeDialog",
    "mode_dialog",
    "QuitDialog",
    "quit_dialog",
    "InstrumentView",
    "BookView",
    "SignalsView",
    "OrderView",
    "PositionView",
    "LimitView",
    "AccountView",
    "FeedView",
    "StrategyView",
    "SystemView",
    "IntelligenceView",
    "OutcomeView",
]
