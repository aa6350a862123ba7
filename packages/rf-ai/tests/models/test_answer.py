"""One object or no opinion."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_ai.errors import ModelAnswerInvalid
from rf_ai.models import one_object

SCALARS = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(max_size=20)
OBJECTS = st.dictionaries(
    st.text(max_size=10),
    st.recursive(
        SCALARS | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=8,
    ).filter(lambda v: len(str(v)) < 2_000),
    max_size=5,
)


@given(OBJECTS)
def test_any_object_comes_back_as_it_was_written(held):
    text = json.dumps(held)

    assert one_object(text) == text.encode()


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        ' \n{"a": 1}\n',
        '```json\n{"a": 1}\n```',
        '```\n{"a": 1}\n```',
        'Here it is:\n```JSON\n{"a": 1}\n```\nGood luck.',
        '<think>{"b": 2} ```json</think>{"a": 1}',
        '<thinking>\nlong\n</thinking>\n\n```json\n{"a": 1}\n```',
    ],
)
def test_a_fence_and_a_thinking_block_are_taken_away(text):
    assert one_object(text) == b'{"a": 1}'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not one JSON object"),
        ("I would hold.", "not one JSON object"),
        ("[1]", "not one JSON object"),
        ("null", "not one JSON object"),
        ('Sure: {"a": 1}', "not one JSON object"),
        ('{"a": 1} and more', "Extra data"),
        ('{"a": 1}{"a": 1}', "Extra data"),
        ('```json\n{"a": 1}\n```\n```json\n{"a": 2}\n```', "code fence"),
        ('```json\n{"a": 1}', "code fence"),
        ('```python\n{"a": 1}\n```', "code fence"),
        ('{"a": 1,}', "not valid JSON"),
        ("{'a': 1}", "not valid JSON"),
        ('{"a": 1', "not valid JSON"),
        ('{"a": "\n"}', "not valid JSON"),
        ('{"a": 1, "a": 1}', "twice"),
        ('{"o": {"a": 1, "\\u0061": 2}}', "twice"),
        ('{"a": NaN}', "NaN"),
        ('{"a": [-Infinity]}', "Infinity"),
        ('{"a": 1e999}', "not finite"),
        ('{"a": 12345678901234567890}', "19 digits"),
        ('{"a": ' + "[" * 50_000, "nested deeper"),
        ('{"a": "\ud800"}', "not Unicode"),
        ('<think>never closed {"a": 1}', "not one JSON object"),
    ],
)
def test_nothing_else_is_repaired(text, why):
    with pytest.raises(ModelAnswerInvalid, match=why) as caught:
        one_object(text)

    assert caught.value.__context__ is None or not isinstance(
        caught.value.__context__, json.JSONDecodeError
    )


def test_brackets_inside_texts_are_no_nesting():
    text = json.dumps({"a": '["\\{' * 100})

    assert one_object(text) == text.encode()


@given(st.text(max_size=200))
def test_any_text_is_an_object_or_invalid(text):
    with contextlib.suppress(ModelAnswerInvalid):
        assert isinstance(json.loads(one_object(text)), dict)
