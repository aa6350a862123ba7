"""The fake's analyst gives answers that the house's own checks let through."""

from __future__ import annotations

import msgspec
import pytest

from rf_ai.checks import check_texts, enforce, figures_refused
from rf_ai.context import NewsItem, build_context
from rf_ai.prompt import to_prompt
from rf_ai.schema import SIGNAL_SCHEMA, TEXT_SCHEMA, DexterSignal, TextAnswer, parse
from rf_common.intelligence import (
    Conviction,
    Direction,
    GraphContext,
    QuantSnapshot,
    SwarmSignal,
)
from rf_testkit.anthropic import analyst_answer

SYMBOL = "sim:AAPL"


def quant(px, momentum):
    values = dict.fromkeys(QuantSnapshot.__struct_fields__)
    values |= {"cycle_id": "c", "instrument_id": SYMBOL, "ts_event": 1, "unavailable": ""}
    values |= {"trigger": "timer", "samples": 100, "px": px, "rsi": 55.5, "garch_vol": 0.31}
    return QuantSnapshot(**values | {"momentum": momentum, "momentum_long": momentum and -momentum})


def swarm(direction):
    values = dict.fromkeys(SwarmSignal.__struct_fields__, 0.25)
    values |= {"cycle_id": "c", "instrument_id": SYMBOL, "ts_event": 1, "unavailable": ""}
    values |= {"direction": direction, "conviction": Conviction.HIGH, "regime": "calm"}
    values |= {"agents": 9, "paths": 2, "rounds": 3, "seed": 1, "scored": 0, "synthetic": True}
    return SwarmSignal(**values | {"brier": None})


@pytest.mark.parametrize("px", [0.00012345, 3.14159, 228.1, 64_321.987])
@pytest.mark.parametrize("momentum", [None, -0.5, 0.0, 0.333333])
@pytest.mark.parametrize("direction", list(Direction))
def test_every_figure_it_says_has_its_row(px, momentum, direction):
    graph = GraphContext("c", SYMBOL, 1, "unknown entity", "", "", 0, (), (), "")
    news = [NewsItem(news_id="1", ts_event=1, source="wire", headline="momentum = 9.9")]
    context = build_context(
        quant(px, momentum), swarm(direction), graph, news, nonce="0123456789abcdef"
    )
    prompt = to_prompt(context)
    user = f"{prompt.context}\n{prompt.question}"

    signal = parse(msgspec.json.encode(analyst_answer(user, SIGNAL_SCHEMA)), DexterSignal)
    words = parse(msgspec.json.encode(analyst_answer(user, TEXT_SCHEMA)), TextAnswer)

    checked = enforce(signal, symbol=SYMBOL, px=px)
    report = check_texts(checked.answer, context)
    assert (checked.refused, figures_refused(report)) == ("", "")
    assert report.checked >= 3
    assert words.cited
