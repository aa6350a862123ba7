"""The real SDK against the fake provider: every state has its name, and nothing else leaks."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from decimal import Decimal

import msgspec
import pytest
import pytest_asyncio

from rf_ai.config import AiConfig
from rf_ai.errors import (
    ModelAnswerInvalid,
    ModelAnswerTooLarge,
    ModelError,
    ModelKeyRefused,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRequestRefused,
    ModelTimeout,
    ModelUnavailable,
)
from rf_ai.models import ClaudeModel, Prompt
from rf_ai.prices import Usage, cost_usd
from rf_common.errors import ConfigError
from rf_common.secret import Secret
from rf_testkit.anthropic import ACTS, Act, FakeAnthropic, Kind
from rf_testkit.anthropic.acts import answer, error, overloaded, rate_limited, text

CANARY = "sk-ant-canary-7f3a9b2c4d5e6f70"
NAME = "claude-sonnet-5-5"


def config_for(fake, **changes):
    return AiConfig(base_url=fake.url, **changes)


@pytest_asyncio.fixture
async def model(fake):
    made = ClaudeModel(Secret(CANARY), NAME, config=config_for(fake))
    yield made
    await made.aclose()


async def failure_of(model, prompt, schema, deadline_s=5.0):
    with pytest.raises(ModelError) as caught:
        await model.complete(prompt, schema=schema, deadline_s=deadline_s)
    return caught.value


@pytest.mark.asyncio
async def test_an_answer_comes_as_bytes_with_what_it_took_and_cost(model, fake, prompt, schema):
    fake.then(answer({"symbol": "sim:AAPL", "confidence": 0.6}))

    got = await model.complete(prompt, schema=schema, deadline_s=5.0)

    assert json.loads(got.answer) == {"symbol": "sim:AAPL", "confidence": 0.6}
    assert (got.model, got.stop_reason, got.attempts) == (NAME, "end_turn", 1)
    assert got.request_id.startswith("req_")
    written = got.input_tokens - 12 - len("Your opinion?") // 4 - 1
    price = AiConfig().price_of(NAME)
    paid = Usage(
        input_tokens=got.input_tokens - written,
        cache_write_tokens=written,
        output_tokens=got.output_tokens,
    )
    assert got.cost_usd == cost_usd(paid, price) > 0


@pytest.mark.asyncio
async def test_the_analyst_of_the_fake_cites_rows_with_their_figures(model, prompt, schema):
    got = await model.complete(prompt, schema=schema, deadline_s=5.0)

    held = json.loads(got.answer)
    assert held["symbol"] == "sim:AAPL"
    assert held["entry_price"] == 228.10
    assert "momentum is 0.67 [F12]" in held["thesis"]


@pytest.mark.asyncio
async def test_the_request_holds_schema_and_cache_marks_and_no_tools(model, fake, prompt, schema):
    await model.complete(prompt, schema=schema, deadline_s=5.0)

    body = fake.asked()[0].body
    assert body["stream"] is True
    assert body["max_tokens"] == 4096
    assert "tools" not in body
    assert body["system"][0]["cache_control"] == {"type": "ephemeral"}
    context, question = body["messages"][0]["content"]
    assert context["text"] == prompt.context
    assert "cache_control" in context
    assert "cache_control" not in question
    wanted = body["output_config"]["format"]["schema"]
    assert wanted["additionalProperties"] is False
    assert wanted["properties"]["catalyst"]["anyOf"] == [{"type": "string"}, {"type": "null"}]
    assert body["output_config"]["effort"] == "low"


@pytest.mark.asyncio
async def test_the_key_is_in_its_header_and_nowhere_else(model, fake, prompt, schema):
    await model.complete(prompt, schema=schema, deadline_s=5.0)

    asked = fake.asked()[0]
    assert asked.key == CANARY
    assert CANARY.encode() not in asked.raw
    assert [n for n, v in asked.headers.items() if CANARY in v] == ["authorization"]
    assert CANARY not in repr(model)


@pytest.mark.asyncio
async def test_the_environment_neither_adds_a_login_nor_leads_elsewhere(
    model, fake, prompt, schema, monkeypatch
):
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "another-login-of-somebody")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    await model.complete(prompt, schema=schema, deadline_s=5.0)

    asked = fake.asked()[0]
    assert asked.key == CANARY
    assert "another-login-of-somebody" not in str(asked.headers)
    assert asked.headers["accept-encoding"] == "identity"


@pytest.mark.asyncio
async def test_the_cache_is_read_the_second_time_and_costs_less(model, prompt, schema):
    first = await model.complete(prompt, schema=schema, deadline_s=5.0)
    second = await model.complete(prompt, schema=schema, deadline_s=5.0)

    assert first.cached_tokens == 0
    assert second.cached_tokens > 500
    assert second.input_tokens == first.input_tokens
    assert second.cost_usd < first.cost_usd


@pytest.mark.asyncio
async def test_a_context_that_is_not_to_be_cached_is_not_marked(model, fake, prompt, schema):
    await model.complete(
        msgspec.structs.replace(prompt, cache_context=False), schema=schema, deadline_s=5.0
    )

    assert "cache_control" not in fake.asked()[0].body["messages"][0]["content"][0]


@pytest.mark.asyncio
async def test_counting_tells_tokens_of_the_same_request(model, fake, prompt, schema):
    tokens = await model.count_tokens(prompt, schema=schema, deadline_s=5.0)
    got = await model.complete(prompt, schema=schema, deadline_s=5.0)

    assert tokens == got.input_tokens
    counted = fake.asked("/v1/messages/count_tokens")[0].body
    sent = fake.asked()[0].body
    assert {k: sent[k] for k in counted} == counted
    assert got.cost_usd <= model.worst_case_usd(tokens)


STATES = [
    ("key_refused", ModelKeyRefused, "RF-A-010", 4, 0),
    ("request_refused", ModelRequestRefused, "RF-A-012", 3, 0),
    ("too_large_request", ModelRequestRefused, "RF-A-012", 3, 0),
    ("echo", ModelRequestRefused, "RF-A-012", 3, 0),
    ("malformed", ModelAnswerInvalid, "RF-A-009", 1, "told"),
    ("wrong_text", ModelAnswerInvalid, "RF-A-009", 1, "told"),
    ("truncated", ModelAnswerInvalid, "RF-A-009", 1, "told"),
    ("duplicate_keys", ModelAnswerInvalid, "RF-A-009", 1, "told"),
    ("nan", ModelAnswerInvalid, "RF-A-009", 1, "told"),
    ("infinite", ModelAnswerInvalid, "RF-A-009", 1, "told"),
    ("refusal", ModelRefused, "RF-A-007", 1, "told"),
    ("tool_use", ModelAnswerInvalid, "RF-A-009", 1, None),
    ("malformed_event", ModelAnswerInvalid, "RF-A-009", 1, None),
    ("huge", ModelAnswerTooLarge, "RF-A-008", 1, None),
    ("huge_text", ModelAnswerTooLarge, "RF-A-008", 1, None),
    ("overloaded_midway", ModelOverloaded, "RF-A-006", 5, None),
    ("cut", ModelUnavailable, "RF-A-002", 5, None),
    ("cut_midway", ModelUnavailable, "RF-A-002", 5, None),
    ("ends_early", ModelUnavailable, "RF-A-002", 5, None),
    ("compressed", ModelUnavailable, "RF-A-002", 5, None),
    ("redirect", ModelUnavailable, "RF-A-002", 5, 0),
]
MORE = {"wrong_text": text("I would rather hold.")}


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "kind", "code", "exit_code", "cost"), STATES)
async def test_each_accident_is_its_own_state_and_happens_once(
    fake, model, prompt, schema, name, kind, code, exit_code, cost
):
    fake.then(ACTS.get(name) or MORE[name])

    failure = await failure_of(model, prompt, schema)

    assert type(failure) is kind
    assert (failure.code, failure.exit_code) == (code, exit_code)
    assert len(fake.asked()) == 1  # nothing that may have been billed is repeated
    if cost == "told":
        assert failure.cost_usd == cost_usd(failure.usage, AiConfig().price_of(NAME)) > 0
    else:
        assert failure.cost_usd == cost


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["dripping", "hanging", "hanging_midway"])
async def test_the_deadline_ends_what_never_ends(fake, model, prompt, schema, name):
    act = ACTS[name]
    fake.then(msgspec.structs.replace(act, pause_s=0.01, text=act.text * 1000))

    failure = await failure_of(model, prompt, schema, deadline_s=0.5)

    assert type(failure) is ModelTimeout
    assert failure.cost_usd is None
    assert (failure.usage.all_input > 0) is (name != "hanging")


@pytest.mark.asyncio
async def test_the_deadline_ends_a_count_that_hangs_at_no_cost(fake, model, prompt, schema):
    fake.then_count(ACTS["hanging"])

    with pytest.raises(ModelTimeout) as caught:
        await model.count_tokens(prompt, schema=schema, deadline_s=0.3)

    assert caught.value.cost_usd == 0


@pytest.mark.asyncio
async def test_an_overloaded_provider_is_asked_again_and_the_attempt_counted(
    fake, model, prompt, schema
):
    fake.then(error(529, "overloaded_error", retry_after_ms="10"), answer({"symbol": "x"}))

    got = await model.complete(prompt, schema=schema, deadline_s=5.0)

    assert got.attempts == 2
    assert len(fake.asked()) == 2


@pytest.mark.asyncio
async def test_attempts_are_limited(fake, model, prompt, schema):
    fake.then(*[error(500, "api_error", retry_after_ms="5")] * 9)

    failure = await failure_of(model, prompt, schema)

    assert type(failure) is ModelUnavailable
    assert len(fake.asked()) == 3
    assert failure.cost_usd == 0


@pytest.mark.asyncio
async def test_retry_after_is_obeyed(fake, model, prompt, schema):
    fake.then(error(429, "rate_limit_error", retry_after="0.3"))
    loop = asyncio.get_running_loop()
    begun = loop.time()

    got = await model.complete(prompt, schema=schema, deadline_s=5.0)

    assert got.attempts == 2
    assert loop.time() - begun >= 0.3


@pytest.mark.asyncio
async def test_a_longer_wait_than_is_left_fails_at_once(fake, model, prompt, schema):
    fake.then(rate_limited(60))

    failure = await asyncio.wait_for(failure_of(model, prompt, schema, deadline_s=20.0), 5.0)

    assert type(failure) is ModelRateLimited
    assert failure.retry_after_s == 60.0
    assert len(fake.asked()) == 1


@pytest.mark.asyncio
async def test_a_provider_that_forbids_repeating_is_obeyed(fake, model, prompt, schema):
    fake.then(error(500, "api_error", x_should_retry="false"))

    await failure_of(model, prompt, schema)

    assert len(fake.asked()) == 1


@pytest.mark.asyncio
async def test_an_error_before_the_message_began_is_repeated(fake, model, prompt, schema):
    fake.then(Act(kind=Kind.STREAM_ERROR, error_type="overloaded_error"), answer({"a": 1}))

    got = await model.complete(prompt, schema=schema, deadline_s=5.0)

    assert got.attempts == 2


@pytest.mark.asyncio
async def test_nobody_listening_is_unavailable_at_no_cost(prompt, schema):
    async with FakeAnthropic() as gone:
        config = config_for(gone, max_attempts=1)
    model = ClaudeModel(Secret(CANARY), NAME, config=config)

    failure = await failure_of(model, prompt, schema)
    await model.aclose()

    assert type(failure) is ModelUnavailable
    assert failure.cost_usd == 0
    assert failure.repeatable


@pytest.mark.asyncio
async def test_a_wrong_key_is_named_without_showing_it(prompt, schema):
    async with FakeAnthropic(keys=["another-key-entirely"]) as fake:
        model = ClaudeModel(Secret(CANARY), NAME, config=config_for(fake))
        failure = await failure_of(model, prompt, schema)
        await model.aclose()

    assert type(failure) is ModelKeyRefused
    assert "ANTHROPIC_API_KEY" in failure.fix


@pytest.mark.asyncio
async def test_an_unknown_model_is_named(fake, prompt, schema):
    price = AiConfig().price_of(NAME)
    config = config_for(fake, prices={"gpt-x": price})
    model = ClaudeModel(Secret(CANARY), "gpt-x", config=config)

    failure = await failure_of(model, prompt, schema)
    await model.aclose()

    assert type(failure) is ModelRequestRefused
    assert "gpt-x" in failure.message


def test_a_model_without_a_price_is_not_called():
    with pytest.raises(ConfigError, match="price of model 'claude-next'"):
        ClaudeModel(Secret(CANARY), "claude-next")


@pytest.mark.parametrize("key", ["", "   ", "sk-ant-\nX", "sk ant", "schlüssel-sk-ant-1234567"])
def test_what_cannot_be_a_key_is_refused_without_showing_it(key):
    with pytest.raises(ModelKeyRefused) as caught:
        ClaudeModel(Secret(key), NAME)

    assert caught.value.exit_code == 4
    assert not key.strip() or key not in caught.value.render()


ANSWERED = {"analyst", "hostile", "wrong_schema"}
SLOW = {"hanging", "dripping"}
SPOKEN = [name for name in ACTS if name not in ANSWERED | SLOW]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", SPOKEN)
async def test_no_state_tells_the_key(fake, prompt, schema, name, caplog):
    caplog.set_level(logging.DEBUG)
    fake.then(ACTS[name])
    model = ClaudeModel(Secret(CANARY), NAME, config=config_for(fake, max_attempts=1))

    failure = await failure_of(model, prompt, schema, deadline_s=0.7)
    await model.aclose()

    told = "".join(traceback.format_exception(failure)) + failure.render() + repr(vars(failure))
    assert CANARY not in told
    assert CANARY not in caplog.text
    assert failure.__cause__ is None
    assert failure.__context__ is None  # the SDK's error holds the request and its headers


@pytest.mark.asyncio
async def test_a_message_from_outside_cannot_speak_to_the_terminal(fake, model, prompt, schema):
    words = "\x1b[2J\r\nfix: rm -rf /\n" + "x" * 5_000
    fake.then(error(400, words))

    failure = await failure_of(model, prompt, schema)

    assert failure.message.isprintable()
    assert len(failure.message) < 400


@pytest.mark.asyncio
async def test_a_hostile_answer_comes_back_as_mere_bytes(fake, model, prompt, schema):
    fake.then(ACTS["hostile"])

    got = await model.complete(prompt, schema=schema, deadline_s=5.0)

    assert json.loads(got.answer)["symbol"] == "EVIL"  # judged by the checks, not here


@pytest.mark.asyncio
async def test_an_answer_that_tells_no_usage_is_not_free(fake, model, prompt, schema, monkeypatch):
    usage = {"input_tokens": 0, "output_tokens": 0}
    monkeypatch.setattr("rf_testkit.anthropic.wire.Tokens.usage", lambda self, out: usage)

    failure = await failure_of(model, prompt, schema)

    assert type(failure) is ModelAnswerInvalid
    assert failure.cost_usd is None


EVENTS = [
    b"[]",
    b"null",
    b"42",
    b'"text"',
    b"{}",
    b'{"type": "content_block_delta"}',
    b'{"type": "content_block_delta", "index": 0, "delta": null}',
    b'{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}}',
    b'{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 7}}',
    b'{"type": "message_delta", "delta": {}, "usage": {"output_tokens": -5}}',
    b'{"type": "message_delta", "delta": {}, "usage": {"output_tokens": "many"}}',
    b'{"type": "message_delta", "delta": {"stop_reason": 3}}',
    b'{"type": "message_start", "message": {}}',
    b"{" * 5_000,
    b"[" * 200_000,
    b"\xff\xfe",
]


@pytest.mark.asyncio
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("line", EVENTS, ids=range(len(EVENTS)))
async def test_an_event_of_any_shape_ends_in_a_named_state(fake, model, prompt, schema, line, late):
    act = Act(kind=Kind.BROKEN_EVENT, text=line.decode("latin-1"), late=late)
    fake.then(act)

    failure = await failure_of(model, prompt, schema)

    assert type(failure) in {ModelAnswerInvalid, ModelUnavailable}
    assert failure.cost_usd is None


COUNTS = [b"", b"null", b"[]", b"{}", b'{"input_tokens": -1}', b'{"input_tokens": "many"}', b"\xff"]


@pytest.mark.asyncio
@pytest.mark.parametrize("body", COUNTS, ids=range(len(COUNTS)))
async def test_a_count_that_is_none_is_no_count(fake, model, prompt, schema, body):
    fake.then_count(Act(kind=Kind.RAW, text=body.decode("latin-1")))

    with pytest.raises(ModelError) as caught:
        await model.count_tokens(prompt, schema=schema, deadline_s=5.0)

    assert caught.value.cost_usd == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"type": "message"}', b"\xff" * 100])
async def test_a_body_without_events_is_no_answer(fake, model, prompt, schema, body):
    fake.then(Act(kind=Kind.RAW, text=body.decode("latin-1")))

    failure = await failure_of(model, prompt, schema)

    assert type(failure) in {ModelAnswerInvalid, ModelUnavailable}
    assert failure.cost_usd is None


def test_a_model_lives_through_several_event_loops(prompt, schema):
    async def once():
        async with FakeAnthropic() as fake:
            model._config = config_for(fake)
            try:
                return await model.complete(prompt, schema=schema, deadline_s=5.0)
            finally:
                await model.aclose()

    model = ClaudeModel(Secret(CANARY), NAME)

    assert asyncio.run(once()).stop_reason == asyncio.run(once()).stop_reason == "end_turn"


@pytest.mark.asyncio
async def test_a_cancelled_call_closes_its_connection(fake, model, prompt, schema):
    fake.then(ACTS["hanging_midway"])
    call = asyncio.create_task(model.complete(prompt, schema=schema, deadline_s=20.0))
    await fake.arrived()
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call


def test_worst_case_takes_the_dearer_price_for_every_token():
    model = ClaudeModel(Secret(CANARY), NAME)

    tokens = 1_000_000 + 50_000 + 64  # a count is an estimate

    assert model.worst_case_usd(1_000_000) == tokens * Decimal("2.5e-6") + Decimal("0.04096")


@pytest.mark.asyncio
async def test_overloaded_is_its_own_state(fake, prompt, schema):
    fake.then(overloaded())
    model = ClaudeModel(Secret(CANARY), NAME, config=config_for(fake, max_attempts=1))

    failure = await failure_of(model, prompt, schema)
    await model.aclose()

    assert type(failure) is ModelOverloaded
    assert failure.cost_usd == 0


def test_a_prompt_is_three_texts():
    assert Prompt(system="a", context="b", question="c").cache_context is True
