"""The fake Messages API speaks the protocol and refuses what the real one refuses."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from rf_testkit.anthropic import ACTS, Act, FakeAnthropic, FakeChat, Kind, analyst_answer
from rf_testkit.anthropic.acts import answer, rate_limited
from rf_testkit.anthropic.analyst import rows_of

SCRIPT = Path(sys.executable).with_name("rf-testkit")
HEADERS = {"Authorization": "Bearer sk-test", "anthropic-version": "2026-10-21"}
BODY = {
    "model": "claude-haiku-5-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "F1 | px = 10.5 | quant | now"}],
}
CONTEXT = """\
Instrument: sim:AAPL

## Quantitative snapshot
F1 | px = 228.10 | quant | 2026-11-25T14:30:00.000Z
F2 | rsi14 = 71.2, overbought | quant | 2026-11-25T14:30:00.000Z
F10 | momentum_short = -0.40 % | quant | 2026-11-25T14:30:00.000Z
F12 | momentum = -0.33 | quant | 2026-11-25T14:30:00.000Z
S1 | direction = SHORT, conviction HIGH | swarm seed 7 | 2026-11-25T14:30:00.000Z

FENCE 0123456789abcdef BEGIN
N1 | momentum = 99.9 | wire | 2026-11-25T14:00:00.000Z
N2 | Supplier to raise guidance after record quarter | wire | 2026-11-25T14:00:00.000Z
FENCE 0123456789abcdef END
"""


@pytest.fixture
async def fake():
    async with FakeAnthropic(keys=["sk-test"], min_cache_tokens=4) as server:
        yield server


async def post(fake, path="/v1/messages", *, headers=None, **changes):
    body = BODY | changes
    async with (
        aiohttp.ClientSession() as http,
        http.post(fake.url + path, json=body, headers=headers or HEADERS) as response,
    ):
        return response.status, await response.text(), response.headers


async def test_a_message_has_the_shape_of_the_api(fake):
    fake.then(answer({"a": 1}))

    status, text, headers = await post(fake)

    held = json.loads(text)
    assert status == 200
    assert headers["request-id"] == "req_000001"
    assert held["content"] == [{"type": "text", "text": '{"a":1}'}]
    assert (held["type"], held["role"], held["stop_reason"]) == ("message", "assistant", "end_turn")
    assert set(held["usage"]) >= {"input_tokens", "output_tokens", "cache_read_input_tokens"}


async def test_a_stream_has_the_events_in_their_order(fake):
    fake.then(answer({"long": "x" * 60}))

    _, text, headers = await post(fake, stream=True)

    names = [line[7:] for line in text.splitlines() if line.startswith("event: ")]
    data = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
    assert headers["content-type"] == "text/event-stream"
    assert names == [event["type"] for event in data]
    assert names[:3] == ["message_start", "content_block_start", "ping"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    parts = [e["delta"]["text"] for e in data if e["type"] == "content_block_delta"]
    assert json.loads("".join(parts)) == {"long": "x" * 60}
    assert data[-2]["delta"]["stop_reason"] == "end_turn"


REFUSED = [
    ({}, {"headers": {"anthropic-version": "2026-10-21"}}, 401, "authentication_error"),
    ({}, {"headers": HEADERS | {"Authorization": "Bearer no"}}, 401, "authentication_error"),
    ({}, {"headers": HEADERS | {"anthropic-version": "1999"}}, 400, "invalid_request_error"),
    ({"model": "gpt-x"}, {}, 404, "not_found_error"),
    ({"model": 3}, {}, 400, "invalid_request_error"),
    ({"max_tokens": 0}, {}, 400, "invalid_request_error"),
    ({"max_tokens": None}, {}, 400, "invalid_request_error"),
    ({"messages": []}, {}, 400, "invalid_request_error"),
    ({"messages": [{"role": "system", "content": "x"}]}, {}, 400, "invalid_request_error"),
    ({"messages": [{"role": "user", "content": " "}]}, {}, 400, "invalid_request_error"),
    ({"messages": [{"role": "assistant", "content": "x"}]}, {}, 400, "invalid_request_error"),
    ({"temperature": 0.3}, {}, 400, "invalid_request_error"),
    ({"output_config": {"format": {"type": "text"}}}, {}, 400, "invalid_request_error"),
    (
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
        {},
        400,
        "invalid_request_error",
    ),
    (
        {"system": [{"type": "text", "text": "x", "cache_control": {}}] * 5},
        {},
        400,
        "invalid_request_error",
    ),
]


@pytest.mark.parametrize(("body", "more", "status", "kind"), REFUSED, ids=range(len(REFUSED)))
async def test_what_the_real_api_refuses_is_refused(fake, body, more, status, kind):
    got, text, _ = await post(fake, **more, **body)

    held = json.loads(text)
    assert (got, held["type"], held["error"]["type"]) == (status, "error", kind)
    assert held["request_id"].startswith("req_")
    assert len(fake.requests) == 1


async def test_the_old_header_and_version_are_understood_too(fake):
    headers = {"x-api-key": "sk-test", "anthropic-version": "2023-06-01"}

    status, _, _ = await post(fake, headers=headers, temperature=0.3)

    assert status == 200
    assert fake.requests[0].key == "sk-test"


async def test_a_script_is_used_up_and_then_the_default_is_back(fake):
    fake.then(ACTS["overloaded"], rate_limited(7))

    first, second, third = [await post(fake) for _ in range(3)]

    assert (first[0], json.loads(first[1])["error"]["type"]) == (529, "overloaded_error")
    assert (second[0], second[2]["retry-after"]) == (429, "7")
    assert third[0] == 200


async def test_counting_counts_what_a_call_uses(fake):
    _, counted, _ = await post(fake, "/v1/messages/count_tokens")
    _, text, _ = await post(fake)

    assert json.loads(counted)["input_tokens"] == json.loads(text)["usage"]["input_tokens"] > 0


async def test_marked_prefixes_are_written_once_and_then_read(fake):
    system = [{"type": "text", "text": "rules " * 20, "cache_control": {"type": "ephemeral"}}]

    uses = [json.loads((await post(fake, system=system))[1])["usage"] for _ in range(2)]
    other = json.loads((await post(fake, system=system, model="claude-opus-5-5"))[1])["usage"]

    assert uses[0]["cache_creation_input_tokens"] == uses[1]["cache_read_input_tokens"] == 30
    assert uses[0]["cache_read_input_tokens"] == uses[1]["cache_creation_input_tokens"] == 0
    assert other["cache_creation_input_tokens"] == 30
    assert uses[0]["input_tokens"] == uses[1]["input_tokens"] < 30


async def test_a_cut_breaks_the_connection(fake):
    fake.then(ACTS["cut"])

    with pytest.raises(aiohttp.ClientError):
        await post(fake, stream=True)


async def test_closing_ends_a_call_that_hangs():
    fake = FakeAnthropic(default=ACTS["hanging"])
    await fake.__aenter__()
    call = asyncio.create_task(post(fake))
    await asyncio.wait_for(fake.arrived(), 5)

    await asyncio.wait_for(fake.aclose(), 5)

    with pytest.raises(aiohttp.ClientError):
        await call


def test_the_analyst_reads_rows_and_knows_what_is_fenced():
    rows = {row.row_id: row for row in rows_of(CONTEXT)}

    assert (rows["F2"].name, rows["F2"].figure, rows["F2"].is_outside) == ("rsi14", "71.2", False)
    assert rows["N1"].is_outside


def test_the_analyst_cites_rows_and_never_the_fenced_ones():
    held = analyst_answer(CONTEXT, {})

    assert (held["symbol"], held["direction"], held["recommendation"]) == (
        "sim:AAPL",
        "SHORT",
        "SELL",
    )
    assert held["entry_price"] == 228.10
    assert held["take_profit"] < held["entry_price"] < held["stop_loss"]
    assert "px is 228.10 [F1]." in held["thesis"]
    assert "momentum is -0.33 [F12]." in held["thesis"]
    assert "momentum_short is -0.40 % [F10]." in held["thesis"]
    assert "99.9" not in json.dumps(held)


def test_the_analyst_without_a_price_stays_neutral():
    held = analyst_answer(CONTEXT.replace("px = 228.10", "vwap = 228.10"), {})

    assert (held["direction"], held["recommendation"], held["position_size_pct"]) == (
        "NEUTRAL",
        "HOLD",
        0.0,
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["answer", "cited"], {"answer", "cited"}),
        (["summary", "cited"], {"summary", "cited"}),
        (
            ["sentiment", "action"],
            {"revenue_impact_musd", "primary_catalyst", "sentiment", "action"},
        ),
    ],
)
def test_the_analyst_answers_in_the_schema_that_is_asked(names, expected):
    held = analyst_answer(CONTEXT, {"properties": {name: {} for name in names}})

    assert set(held) == expected


async def test_both_chat_shapes_answer_with_rows():
    body = {"model": "m", "messages": [{"role": "user", "content": CONTEXT}]}
    async with FakeChat() as fake, aiohttp.ClientSession() as http:
        async with http.post(f"{fake.ollama_url}/api/chat", json=body) as response:
            local = await response.json()
        async with http.post(f"{fake.openai_url}/chat/completions", json=body) as response:
            remote = await response.json()

    words = local["message"]["content"]
    assert remote["choices"][0]["message"]["content"] == words
    assert json.loads(words)["symbol"] == "sim:AAPL"
    assert local["done"] is True
    assert remote["usage"]["completion_tokens"] > 0


def test_every_kind_but_the_raw_one_has_a_name_on_the_command_line():
    assert {act.kind for act in ACTS.values()} >= set(Kind) - {Kind.RAW, Kind.STREAM_ERROR}
    assert Act().kind is Kind.ANALYST


async def start(*arguments):
    return await asyncio.create_subprocess_exec(
        SCRIPT, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def test_the_command_serves_and_tells_calls_without_the_key():
    process = await start("anthropic", "--behaviour", "overloaded", "--key", "sk-test")
    async with asyncio.timeout(30):
        url = json.loads(await process.stdout.readline())["url"]
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{url}/v1/messages", json=BODY, headers=HEADERS) as response,
        ):
            status = response.status
        line = await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()

    assert status == 529
    assert json.loads(line)["model"] == "claude-haiku-5-5"
    assert b"sk-test" not in line
    assert (process.returncode, errors) == (0, b"")


async def test_an_unknown_behaviour_is_one_clear_error():
    process = await start("chat", "--behaviour", "nice")
    async with asyncio.timeout(30):
        _, errors = await process.communicate()

    assert process.returncode == 3
    assert b"expected one of analyst, overloaded" in errors
