"""Whatever a stage says, both screens can be painted, cell by cell."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rf_common.events import Quote
from rf_common.intelligence import (
    AnalystSignal,
    Direction,
    GateDecided,
    GraphContext,
    QuantSnapshot,
    SwarmSignal,
)
from rf_dashboard import DashboardState, IntelligenceView, OutcomeView
from rf_testkit.strategies import of_type

KINDS = (QuantSnapshot, SwarmSignal, GraphContext, AnalystSignal, GateDecided, OutcomeView,
         IntelligenceView)  # fmt: skip


def _placed(event, direction, number, at):
    """Return the event as one of the chosen symbol, one of its floats anything at all."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(type(event))}
    fields = {"instrument_id": "sim:AAPL", "direction": direction}
    floats = sorted(name for name, kind in kinds.items() if kind in {float, float | None})
    if floats:
        fields[floats[at % len(floats)]] = number
    return msgspec.structs.replace(event, **{k: v for k, v in fields.items() if k in kinds})


_events = st.builds(
    _placed,
    st.one_of([of_type(kind) for kind in KINDS]),
    st.sampled_from(Direction),
    st.floats(),
    st.integers(0, 20),
)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
@given(st.lists(_events, min_size=1, max_size=8))
@settings(
    deadline=None, max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_whatever_a_stage_says_can_be_painted(make_person, builders, size, events):
    state = DashboardState()
    for event in (Quote("sim:AAPL", builders.START, 99.0, 1.0, 101.0, 1.0), *events):
        state.apply(event, builders.START)
    person = make_person(builders.FakeDaemon(state=state), size=size)
    for keys in (("1",), ("5",), ("enter",), ("h",), ("g",), ("u",)):
        person.press(*keys)
        rows = person.look()
        assert [len(row) for row in rows] == [size[0]] * size[1]
        assert "cannot be shown" not in "".join(rows)
        person.press("esc")
