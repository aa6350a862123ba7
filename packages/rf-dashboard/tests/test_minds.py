from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import InstrumentId, UnixNanos
from rf_common.intelligence import (
    AnalystSignal,
    Direction,
    GateDecided,
    GraphContext,
    QuantSnapshot,
    SwarmSignal,
)
from rf_dashboard import DashboardState, IntelligenceView, OutcomeView, export, views
from rf_dashboard.alerts import AlertKind
from rf_dashboard.minds import (
    MAX_CITED,
    MAX_CYCLES,
    MAX_CYCLES_BYTES,
    MAX_CYCLES_EACH,
    MAX_INSTRUMENTS,
    MAX_LATEST_BYTES,
    MAX_ROW_TEXT,
    MAX_ROWS,
    MAX_TEXT,
)

STAGES = ("quant", "swarm", "graph", "analyst", "gate")


def _told(make, seconds=1.0, **changes):
    """Tell all five stages of one cycle."""
    return [(seconds, getattr(make, name)(seconds, **changes)) for name in STAGES]


# --- cycles ---------------------------------------------------------------------------------------


def test_the_stages_of_a_cycle_meet_in_one_chain(make):
    state = make.fold(*_told(make), (2, make.outcome()))
    [cycle] = state.minds.cycles.values()
    assert all(getattr(cycle, name) is not None for name in (*STAGES, "outcome"))
    assert cycle.ts == make.at(2)


def test_a_stage_of_another_cycle_opens_another_chain_and_is_the_newest(make):
    state = make.fold(*_told(make), (9, make.swarm(9, cycle_id="c2", seed=43)))
    assert [cycle for _, cycle in state.minds.cycles] == ["c1", "c2"]
    latest = state.minds.latest[make.BTC]
    assert (latest.swarm.seed, latest.analyst.cycle_id) == (43, "c1")


def test_the_same_cycle_id_of_two_instruments_is_two_chains(make):
    told = [*_told(make), (2, make.swarm(2, instrument_id=make.ETH))]
    assert len(make.fold(*told).minds.cycles) == 2


def test_each_instrument_keeps_its_newest_opinion_with_all_its_rows(make):
    rows = tuple(make.row(f"F{n}") for n in range(1, 21))
    state = make.fold((1, make.analyst(rows=rows, cited=tuple(r.row_id for r in rows))))
    assert len(state.minds.latest[make.BTC].analyst.rows) == 20
    [cycle] = state.minds.cycles.values()
    assert [row.row_id for row in cycle.analyst.rows] == [f"F{n}" for n in range(1, MAX_CITED + 1)]


def test_cycles_are_bounded_per_instrument_and_together(make):
    told = [(n, make.gate(n, cycle_id=f"c{n}")) for n in range(MAX_CYCLES_EACH + 5)]
    state = make.fold(*told)
    assert next(cycle for _, cycle in state.minds.cycles) == "c5"
    names = [InstrumentId(f"sim:S{n}") for n in range(40)]
    for n, name in enumerate(names * 5):
        state.apply(make.gate(n, cycle_id=f"d{n}", instrument_id=name), make.at(n))
    assert len(state.minds.cycles) == MAX_CYCLES
    assert len(state.minds.latest) == MAX_INSTRUMENTS
    assert names[-1] in state.minds.latest


def test_long_words_are_cut_and_say_so(make):
    long = "x" * 5_000
    rows = tuple(make.row("F1", long) for _ in range(200))
    told = make.analyst(thesis=long, key_risks=(long,) * 99, rows=rows, unavailable=long)
    kept = make.fold((1, told)).minds.latest[make.BTC].analyst
    assert (len(kept.thesis), kept.thesis[-1]) == (MAX_TEXT, "…")
    assert (len(kept.rows), len(kept.rows[0].text)) == (MAX_ROWS, MAX_ROW_TEXT)
    assert len(kept.key_risks) == 16


@pytest.fixture(scope="module")
def talkative(make):
    """Thirteen instruments with more words than are kept, in several cycles each."""
    text = "momentum over twenty days has a z-score of 1.1, measured " * 4
    rows = tuple(make.row(f"F{n}", text) for n in range(MAX_ROWS))
    state = DashboardState()
    for n in range(200):
        name = InstrumentId(f"sim:SYMBOL{n % 13:02d}")
        changes = {"instrument_id": name, "cycle_id": f"cycle-{n:08d}"}
        for event in (
            make.quant(n, **changes), make.swarm(n, **changes), make.graph(n, **changes),
            make.analyst(n, rows=rows, thesis=text * 3, **changes), make.gate(n, **changes),
        ):  # fmt: skip
            state.apply(event, make.at(n))
    return state


def test_what_the_thinkers_said_is_bounded_in_bytes(talkative):
    latest, cycles = talkative.minds.latest, talkative.minds.cycles
    assert len(msgspec.msgpack.encode(tuple(latest.values()))) <= MAX_LATEST_BYTES
    assert len(msgspec.msgpack.encode(tuple(cycles.values()))) <= MAX_CYCLES_BYTES
    assert "sim:SYMBOL04" in latest
    assert ("sim:SYMBOL04", "cycle-00000199") in cycles


def test_the_newest_opinion_is_kept_however_long_it_is(make):
    long = make.analyst(rows=tuple(make.row("F1", "\U0001f40d" * 999) for _ in range(99)))
    assert make.BTC in make.fold((1, long)).minds.latest


def test_a_snapshot_brings_back_everything(make):
    state = make.fold((0, make.minds()), *_told(make), (2, make.outcome()))
    again = DashboardState.from_snapshot(state.snapshot())
    assert again == state
    assert again.minds.latest == state.minds.latest


def test_a_worker_that_dies_and_returns_is_an_alert_each_time(make):
    state = make.fold(
        (0, make.minds()),
        (1, make.minds(worker="DOWN", worker_reason="killed by signal 9")),
        (2, make.minds(worker="DOWN", worker_reason="killed by signal 9")),
        (3, make.minds(worker="BUSY")),
    )
    told = [(alert.kind, alert.code, alert.text) for alert in state.log.alerts]
    assert told == [
        (AlertKind.NOTICE, "worker down", "killed by signal 9"),
        (AlertKind.NOTICE, "worker busy", "the intelligence worker is BUSY"),
    ]


# --- whatever is told -----------------------------------------------------------------------------

_numbers = st.floats() | st.floats(0.0, 1.0)
_times = st.integers(0, 2**62).map(UnixNanos)
_names = st.sampled_from(["sim:AAPL", "sim:NVDA", ""]).map(InstrumentId)


def _wild(kind):
    """Return events of a kind with any floats at all, and few ids so that they meet."""
    from rf_testkit.strategies import of_type

    def changed(event, name, ts, direction, values):
        changes = {"instrument_id": name, "cycle_id": f"c{ts % 3}", "ts_event": ts}
        fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
        floats = [name for name, told in fields.items() if told in {float, float | None}]
        changes |= dict(zip(floats, values, strict=False))
        if "direction" in fields:
            changes["direction"] = direction
        return msgspec.structs.replace(event, **{k: v for k, v in changes.items() if k in fields})

    return st.builds(
        changed, of_type(kind), _names, _times, st.sampled_from(Direction),
        st.lists(_numbers, min_size=20, max_size=20),
    )  # fmt: skip


_stages = st.one_of(
    _wild(QuantSnapshot), _wild(SwarmSignal), _wild(GraphContext), _wild(AnalystSignal),
    _wild(GateDecided), _wild(OutcomeView), _wild(IntelligenceView),
)  # fmt: skip


@given(st.lists(_stages, max_size=12), _times)
@settings(deadline=None, max_examples=60)
def test_no_stage_whatever_it_says_breaks_the_screen(events, now):
    state = DashboardState()
    for event in events:
        state.apply(event, UnixNanos(5), 1)
    for name in ("sim:AAPL", "sim:NVDA", ""):
        card = views.mirofish_card(state, name, now)
        percents = [share.percent.value for share in card.shares]
        assert None in percents or sum(percents) == 100
        opinion = views.dexter_card(state, name, now)
        assert opinion.known or opinion.reason
        views.graph_panel(state, name, now)
    assert len(views.cycles(state, now, 100)) == len(state.minds.cycles)
    views.thinkers(state, now)
    export.opinions_csv(state, now)
    export.decisions_csv(state, now)


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_every_stage_crosses_the_bus_as_it_is(make, seed):
    # The terminal's own tests do the same over a real socket; this is the state's part of it.
    state = make.fold(*_told(make), (2, make.swarm(2, seed=seed)))
    told = msgspec.msgpack.decode(
        msgspec.msgpack.encode(state.snapshot()), type=type(state.snapshot())
    )
    assert told == state.snapshot()
