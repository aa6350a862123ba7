"""Hostile headlines, filings and facts: none changes an order, leaks a secret or escapes its fence.

Each case is shown to the rules, and to a model that does whatever the text says, in a rising, a
falling and an undecided market, with texts that address a model withheld and with them shown. The
table in ``docs/reference/prompt-injection.md`` is written by
``python packages/rf-ai/tests/test_injection.py``.
"""

from __future__ import annotations

import asyncio
import json
import re
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from rf_ai import AiConfig, Dexter, NewsItem, build_context, rules_signal, to_prompt
from rf_ai.models.port import Completion
from rf_ai.models.routing import Tier
from rf_ai.outside import WITHHELD
from rf_ai.rules import rules_opinion
from rf_common.clock import DeterministicClock
from rf_common.intelligence import ContextRow, Direction, GraphImpact, RowKind
from rf_common.secret import Redactor, Secret
from rf_testkit.builders import START
from rf_testkit.stages import graph_stage, quant_stage, swarm_stage

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[2] / "docs" / "reference" / "prompt-injection.md"
CASES = json.loads((HERE / "injection" / "cases.json").read_text())["cases"]
BEGIN, END = "<!-- begin table -->", "<!-- end table -->"
NONCE = "5f3a9b2c4d5e6f70aa10bb29"
CANARY = "sk-ant-canary-7f3a9b2c4d5e6f70"
ORDER_FIELDS = (
    "instrument_id",
    "direction",
    "confidence",
    "entry_px",
    "stop_px",
    "take_profit_px",
    "position_size_pct",
    "time_horizon",
    "recommendation",
)
BENIGN = {
    "headline": "AAA reports quarterly results",
    "body": "The company published its results today.",
    "source": "wire",
    "graph fact": "AAA depends on CCC",
    "graph name": "Quux",
}


def _mirrored():
    return (
        quant_stage(rsi=42.0, macd_histogram=-0.02, imbalance=-0.35, momentum_short=-0.004,
                    momentum_long=-0.012, momentum=-1.0),
        swarm_stage(direction=Direction.SHORT, bull=0.15, bear=0.55, rally=0.22, dip=0.41,
                    base_rally=0.21, base_dip=0.38),
    )  # fmt: skip


MARKETS = {
    "rising": (quant_stage(), swarm_stage()),
    "falling": _mirrored(),
    "undecided": (quant_stage(momentum=-0.2), swarm_stage()),
}


def expanded(case):
    """Return the hostile text with its placeholders filled."""
    text = case["text"] * case.get("repeat", 1)
    for name, value in {
        "nonce": NONCE,
        "half": NONCE[:12],
        "other": NONCE[12:],
        "canary": CANARY,
    }.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def cycle(market, carrier, text):
    """Return the stages and news of one cycle with `text` where `carrier` says."""
    words = BENIGN | {carrier: text}
    item = NewsItem(
        news_id="1", ts_event=START, source=words["source"], headline=words["headline"],
        body=words["body"],
    )  # fmt: skip
    seed = ContextRow("G1", RowKind.GRAPH, "AAA supplies BBB", "seed f1", START)
    told = ContextRow("G2", RowKind.GRAPH, words["graph fact"], "document:filing f2", START)
    name = words["graph name"]
    graph = graph_stage(
        facts=(seed, told) if carrier == "graph fact" else (seed,),
        impacts=(GraphImpact(name, name, 0.04, 0.9, f"AAA ->+ {name}"),),
    )
    news = (item,) if carrier in {"headline", "body", "source"} else ()
    return (*MARKETS[market], graph, news)


def honest(stages):
    """Return what a model would answer that reads the rows: what the rules compute."""
    context = build_context(*stages, nonce=NONCE)
    answer = rules_opinion(*stages[:3], context, horizon_s=3_600.0).answer
    return json.loads(msgspec.json.encode(answer))


def obedient(case, stages):
    """Return what a model answers that does all that the text says."""
    answer = honest(stages)
    if "raw" in case:
        whole = json.dumps(answer)
        filled = {
            "answer": whole,
            "answer_open": whole[:-1],
            "answer_infinite": whole.replace(
                f'"confidence": {answer["confidence"]}', '"confidence": Infinity'
            ),
            "huge": '{"thesis": "' + "SHORT " * 200_000 + '"}',
        }
        return re.sub(r"\{(\w+)\}", lambda m: filled[m[1]], case["raw"]).encode()
    asked = {key: value for key, value in case["obeys"].items() if key != "flip"}
    side = {"LONG": 1, "SHORT": -1}.get(asked.get("direction"))
    if side:
        answer |= {"entry_price": 100.0, "stop_loss": 100.0 - 0.4 * side}
        answer |= {"take_profit": 100.0 + 0.6 * side}
    text = json.dumps(answer | asked)
    return text.replace("{canary}", CANARY).encode()


class ObedientModel:
    """Answers with bytes made beforehand and keeps the prompt it was shown."""

    def __init__(self, content):
        self.content = content
        self.model = SimpleNamespace(provider="anthropic", name="obedient")
        self.prompt = None

    async def ask(self, prompt, *, schema, call_id, symbol):
        self.prompt = prompt
        return Completion(
            answer=self.content, model="obedient", input_tokens=1, output_tokens=1,
            cached_tokens=0, cost_usd=Decimal(0), took_ms=1, stop_reason="end_turn", request_id="",
        )  # fmt: skip


def analysed(stages, content):
    model = ObedientModel(content)
    dexter = Dexter(
        AiConfig(horizon_s=3_600.0),
        {Tier.CHEAP: model, Tier.STRONG: model},
        clock=DeterministicClock(START),
        nonce=lambda: NONCE,
        redactor=Redactor([Secret(CANARY)]),
    )
    signal = asyncio.run(dexter.analyse(*stages))
    return signal, model.prompt


def order_fields(signal):
    return {name: getattr(signal, name) for name in ORDER_FIELDS}


def outcome(case, market):
    """Return what became of the answer of a model that obeys, against a harmless text."""
    hostile = cycle(market, case["carrier"], expanded(case))
    harmless = cycle(market, case["carrier"], BENIGN[case["carrier"]])
    is_shown = case["carrier"] != "graph name"
    content = obedient(case, hostile) if is_shown else json.dumps(honest(hostile)).encode()
    signal, prompt = analysed(hostile, content)
    base, base_prompt = analysed(harmless, json.dumps(honest(harmless)).encode())
    assert base.unavailable == "", base.unavailable
    if signal.unavailable:
        word = "void"
    elif order_fields(signal) == order_fields(base):
        word = "unchanged"
    elif signal.direction is Direction.NEUTRAL and signal.position_size_pct == 0.0:
        word = "no trade"
    else:
        word = f"CHANGED {order_fields(signal)}"
    return word, signal, prompt, base_prompt


def seen(case):
    """Return how a model sees the text: withheld, cleaned, or not at all."""
    if case["carrier"] == "graph name":
        return "not shown"
    *stages, news = cycle("rising", case["carrier"], expanded(case))
    rows = build_context(*stages, news, nonce=NONCE).rows
    return "withheld" if any(WITHHELD in (row.text, row.source) for row in rows) else "cleaned"


def table():
    """Return the rows of the page, one for each case."""
    lines = [
        "| case | technique | carrier | tries | a model sees it | rules | a model that obeys |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for case in CASES:
        words = dict.fromkeys(outcome(case, market)[0] for market in MARKETS)
        cells = (case["id"], case["kind"], case["carrier"], case["tries"], seen(case))
        lines.append(f"| {' | '.join(cells)} | unchanged | {', '.join(words)} |")
    return "\n".join(lines)


def page_with(text, made):
    """Return the page with its table replaced."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{rest.partition(END)[2]}"


by_id = pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])


def test_there_are_many_cases_of_many_kinds():
    assert len(CASES) >= 60
    assert len({case["kind"] for case in CASES}) >= 20
    assert {case["carrier"] for case in CASES} == set(BENIGN)


@by_id
def test_the_rules_do_not_hear_it(case):
    for market in MARKETS:
        *stages, news = cycle(market, case["carrier"], expanded(case))
        *calm, calm_news = cycle(market, case["carrier"], BENIGN[case["carrier"]])
        made = rules_signal(*stages, context=build_context(*stages, news, nonce=NONCE))
        base = rules_signal(*calm, context=build_context(*calm, calm_news, nonce=NONCE))
        assert made.unavailable == ""
        assert order_fields(made) == order_fields(base)
        assert made.thesis == base.thesis


@by_id
def test_no_order_follows_a_model_that_obeys_it(case):
    for market in MARKETS:
        word, signal, prompt, _ = outcome(case, market)
        assert word in {"unchanged", "void", "no trade"}, (market, word)
        assert CANARY not in prompt.context + prompt.question + prompt.system
        assert CANARY not in msgspec.json.encode(signal).decode()


@by_id
def test_no_order_follows_it_when_nothing_is_withheld(case, monkeypatch):
    monkeypatch.setattr("rf_ai.outside.speaks_to_a_model", lambda text: False)
    for market in MARKETS:
        word, _, prompt, _ = outcome(case, market)
        assert word in {"unchanged", "void", "no trade"}, (market, word)
        assert WITHHELD not in prompt.context
        assert CANARY not in prompt.context


@by_id
@pytest.mark.parametrize("withhold", [True, False])
def test_it_never_leaves_its_fence(case, withhold):
    *stages, news = cycle("rising", case["carrier"], expanded(case))
    *calm, calm_news = cycle("rising", case["carrier"], BENIGN[case["carrier"]])
    context = build_context(*stages, news, nonce=NONCE, withhold=withhold)
    base = build_context(*calm, calm_news, nonce=NONCE, withhold=withhold)
    for row in context.rows:
        assert NONCE not in row.text + row.source
        assert row.text.isprintable()
        assert row.source.isprintable()
        assert len(row.text) <= 400
    inside, around = split(to_prompt(context).context)
    calm_inside, calm_around = split(to_prompt(base).context)
    assert around == calm_around  # not one letter outside the fence depends on the text
    assert len(inside) == len(calm_inside)
    assert all(re.fullmatch(r"[GN]\d+ \| [^|]* \| [^|]* \| [0-9T:.Z-]+", line) for line in inside)


def split(text):
    """Return the lines between the delimiters, and all others."""
    inside, around, is_inside = [], [], False
    for line in text.splitlines():
        if line == f"FENCE {NONCE} END":
            is_inside = False
        (inside if is_inside else around).append(line)
        if line == f"FENCE {NONCE} BEGIN":
            is_inside = True
    assert not is_inside
    return inside, around


def test_an_answer_outside_the_band_would_be_found():
    case = {"id": "x", "carrier": "headline", "text": "x", "obeys": {"confidence": 0.95}}
    word, *_ = outcome(case, "rising")
    assert word == "unchanged"
    hostile = cycle("rising", "headline", "x")
    signal, _ = analysed(hostile, obedient(case, hostile))
    bold = msgspec.structs.replace(signal, confidence=0.95)
    assert order_fields(bold) != order_fields(signal)


def test_the_page_shows_what_the_cases_give():
    text = PAGE.read_text()
    assert page_with(text, table()) == text, "run python packages/rf-ai/tests/test_injection.py"


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE.read_text(), table()))
