"""Ollama and OpenAI-shaped endpoints: the same port, the same states."""

from __future__ import annotations

import json
import traceback
from decimal import Decimal

import msgspec
import pytest

from rf_ai.config import AiConfig
from rf_ai.errors import (
    ModelAnswerInvalid,
    ModelAnswerTooLarge,
    ModelError,
    ModelKeyRefused,
    ModelRateLimited,
    ModelRefused,
    ModelRequestRefused,
    ModelTimeout,
    ModelUnavailable,
)
from rf_ai.models import OllamaModel, OpenAiShapedModel, Tier
from rf_ai.models.build import build_metered, build_model, deadline_of
from rf_ai.prices import FREE, ModelPrice
from rf_common.clock import DeterministicClock
from rf_common.errors import ConfigError
from rf_common.secret import Secret
from rf_testkit.anthropic import ACTS, Act, Kind
from rf_testkit.anthropic.acts import answer, error, text

CANARY = "gsk_canary_7f3a9b2c4d5e6f70"
PRICE = ModelPrice(
    input_usd=Decimal("0.59"),
    output_usd=Decimal("0.79"),
    cache_write_usd=Decimal("0.59"),
    cache_read_usd=Decimal("0.59"),
)
KINDS = ["ollama", "groq"]


def made(kind, chat, **changes):
    config = AiConfig(ollama_host=chat.ollama_url, ollama_model="qwen3", **changes)
    if kind == "ollama":
        return OllamaModel(config)
    return OpenAiShapedModel(
        "groq", chat.openai_url, "llama", key=Secret(CANARY), price=PRICE, config=config
    )


async def failure_of(model, prompt, schema, deadline_s=5.0):
    try:
        with pytest.raises(ModelError) as caught:
            await model.complete(prompt, schema=schema, deadline_s=deadline_s)
    finally:
        await model.aclose()
    return caught.value


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_comes_with_tokens_and_cost(chat, prompt, schema, kind):
    model = made(kind, chat)

    bound = await model.count_tokens(prompt, schema=schema, deadline_s=1.0)
    got = await model.complete(prompt, schema=schema, deadline_s=5.0)
    await model.aclose()

    assert json.loads(got.answer)["entry_price"] == 228.10
    assert 0 < got.input_tokens <= bound
    assert (got.cost_usd == 0) is (kind == "ollama")
    assert got.cost_usd <= model.worst_case_usd(bound)


@pytest.mark.asyncio
async def test_ollama_is_asked_for_the_schema_at_a_low_temperature(chat, prompt, schema):
    model = made("ollama", chat)
    await model.complete(prompt, schema=schema, deadline_s=5.0)
    await model.aclose()

    asked = chat.requests[0]
    assert asked.path == "/api/chat"
    assert asked.body["format"] == schema
    assert asked.body["stream"] is False
    assert asked.body["options"] == {"temperature": 0.3, "num_predict": 4096}
    assert [turn["role"] for turn in asked.body["messages"]] == ["system", "user"]
    assert "authorization" not in asked.headers


@pytest.mark.asyncio
async def test_completions_are_asked_for_the_schema_with_the_key_in_its_header(
    chat, prompt, schema
):
    model = made("groq", chat)
    await model.complete(prompt, schema=schema, deadline_s=5.0)
    await model.aclose()

    asked = chat.requests[0]
    assert asked.path == "/v1/chat/completions"
    assert asked.body["response_format"]["json_schema"]["schema"] == schema
    assert asked.body["max_completion_tokens"] == 4096
    assert asked.headers["authorization"] == f"Bearer {CANARY}"
    assert CANARY.encode() not in asked.raw
    assert "tools" not in asked.body


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_a_fenced_answer_after_thinking_is_taken(chat, prompt, schema, kind):
    chat.then(text('<think>hm</think>\n```json\n{"a": 1}\n```'))
    model = made(kind, chat)

    got = await model.complete(prompt, schema=schema, deadline_s=5.0)
    await model.aclose()

    assert got.answer == b'{"a": 1}'


STATES = [
    (text("no object"), ModelAnswerInvalid),
    (text('{"a": NaN}'), ModelAnswerInvalid),
    (text('{"a": 1', "max_tokens"), ModelAnswerInvalid),
    (ACTS["duplicate_keys"], ModelAnswerInvalid),
    (ACTS["huge"], ModelAnswerTooLarge),
    (ACTS["cut"], ModelUnavailable),
    (ACTS["redirect"], ModelUnavailable),
    (error(401, ""), ModelKeyRefused),
    (error(404, ""), ModelRequestRefused),
    (error(429, "", retry_after="99"), ModelRateLimited),
]


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("act", "state"), STATES, ids=range(len(STATES)))
async def test_each_accident_is_its_own_state(chat, prompt, schema, kind, act, state):
    chat.then(act)

    failure = await failure_of(made(kind, chat), prompt, schema)

    assert type(failure) is state
    assert len(chat.requests) == 1
    if kind == "ollama":
        assert failure.cost_usd == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["dripping", "hanging"])
async def test_the_deadline_ends_what_never_ends(chat, prompt, schema, kind, name):
    chat.then(msgspec.structs.replace(ACTS[name], pause_s=0.01))

    failure = await failure_of(made(kind, chat), prompt, schema, deadline_s=0.4)

    assert type(failure) is ModelTimeout
    assert failure.cost_usd == (0 if kind == "ollama" else None)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_a_busy_server_is_asked_again(chat, prompt, schema, kind):
    chat.then(error(503, "", retry_after_ms="5"), answer({"a": 1}))
    model = made(kind, chat)

    got = await model.complete(prompt, schema=schema, deadline_s=5.0)
    await model.aclose()

    assert got.attempts == 2


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_on_this_machine_is_reached_without_a_proxy(
    chat, prompt, schema, kind, monkeypatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    model = made(kind, chat)

    got = await model.complete(prompt, schema=schema, deadline_s=5.0)
    await model.aclose()

    assert got.attempts == 1


@pytest.mark.asyncio
async def test_a_refusal_by_the_model_is_named_and_paid(chat, prompt, schema):
    chat.then(text("", "refusal"))

    failure = await failure_of(made("groq", chat), prompt, schema)

    assert type(failure) is ModelRefused
    assert failure.cost_usd > 0


@pytest.mark.asyncio
async def test_a_server_that_repeats_the_key_is_not_quoted(chat, prompt, schema):
    chat.then(Act(kind=Kind.ECHO, status=400))

    failure = await failure_of(made("groq", chat), prompt, schema)

    told = "".join(traceback.format_exception(failure)) + repr(vars(failure))
    assert CANARY not in told
    assert "***" in failure.message


BODIES = [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"choices": [], "usage": null}']


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_a_body_of_any_shape_is_an_invalid_answer(chat, prompt, schema, kind, body):
    chat.then(Act(kind=Kind.RAW, text=body.decode("latin-1")))

    failure = await failure_of(made(kind, chat), prompt, schema)

    assert type(failure) is ModelAnswerInvalid
    assert failure.cost_usd == (0 if kind == "ollama" else None)


def test_an_ollama_model_must_be_named():
    with pytest.raises(ModelRequestRefused, match="Ollama model"):
        OllamaModel(AiConfig())


def test_a_paid_provider_needs_a_key():
    with pytest.raises(ModelKeyRefused, match="there is no groq key"):
        OpenAiShapedModel("groq", "https://x.example", "m", key=Secret(""), price=PRICE)
    OpenAiShapedModel("openai", "http://127.0.0.1:1", "m", key=Secret(""), price=FREE)


CLOCK = DeterministicClock()
KEY = {"anthropic": Secret("sk-ant-canary-7f3a9b2c4d5e6f70")}


def test_auto_is_anthropic_with_a_key_and_rules_without_one():
    assert build_model(AiConfig(), {}, clock=CLOCK) is None
    assert build_model(AiConfig(), KEY, clock=CLOCK).provider == "anthropic"
    assert build_model(AiConfig(provider="rules"), KEY, clock=CLOCK) is None


def test_the_tier_chooses_between_two_claudes():
    cheap = build_model(AiConfig(), KEY, clock=CLOCK)
    strong = build_model(AiConfig(), KEY, clock=CLOCK, tier=Tier.STRONG)

    assert (cheap.name, strong.name) == ("claude-haiku-5-5", "claude-sonnet-5-5")
    assert build_model(AiConfig(), KEY, clock=CLOCK, tier=Tier.NONE) is None


def test_a_named_provider_without_its_key_is_an_error_not_rules():
    with pytest.raises(ModelKeyRefused):
        build_model(AiConfig(provider="anthropic"), {}, clock=CLOCK)


def test_a_paid_model_needs_a_name_and_a_price():
    with pytest.raises(ModelRequestRefused, match="model for groq"):
        build_model(AiConfig(provider="groq"), {"groq": Secret(CANARY)}, clock=CLOCK)
    with pytest.raises(ConfigError, match="price of model 'llama'"):
        build_model(
            AiConfig(provider="groq", groq_model="llama"), {"groq": Secret(CANARY)}, clock=CLOCK
        )
    config = AiConfig(provider="groq", groq_model="llama", prices={"llama": PRICE})
    built = build_model(config, {"groq": Secret(CANARY)}, clock=CLOCK)
    assert built.worst_case_usd(1_000_000) > Decimal("0.59")


def test_a_server_on_this_machine_is_free_and_keyless():
    config = AiConfig(
        provider="openai", openai_model="local", openai_base_url="http://127.0.0.1:8080/v1"
    )

    built = build_model(config, {}, clock=CLOCK)

    assert built.worst_case_usd(1_000_000) == 0


def test_rules_have_no_metered_models(tmp_path):
    from rf_ai.budget import Budget

    budget = Budget(tmp_path / "b.db")

    assert build_metered(AiConfig(), {}, budget, clock=CLOCK) == {}
    assert set(build_metered(AiConfig(), KEY, budget, clock=CLOCK)) == {Tier.CHEAP, Tier.STRONG}


def test_only_a_model_on_this_machine_may_take_longer():
    config = AiConfig(ollama_timeout_s=600.0)

    assert deadline_of(config, "ollama") == 600.0
    assert deadline_of(config, "anthropic") == 30.0
