from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common.canonical import canonical_bytes, digest

LEAF = st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(max_size=8), st.none(), st.booleans())
STATE = st.recursive(
    LEAF, lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=5), max_leaves=15
)


def _reversed(state: object) -> object:
    if isinstance(state, dict):
        return {key: _reversed(value) for key, value in reversed(list(state.items()))}
    return state


@settings(deadline=None, max_examples=100)
@given(STATE)
def test_a_digest_does_not_depend_on_the_order_of_maps(state: object) -> None:
    assert digest(_reversed(state)) == digest(state)
    assert msgspec.msgpack.decode(canonical_bytes(state)) == state


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=8), unique=True, max_size=12))
def test_a_digest_does_not_depend_on_the_order_of_sets(names: list[str]) -> None:
    assert digest(set(names)) == digest(set(reversed(names))) == digest(frozenset(names))


def test_a_digest_depends_on_every_value() -> None:
    base = {"a": 1, "b": [Decimal("1.0"), None]}

    assert len(digest(base)) == 64
    assert digest(base) != digest({"a": 2, "b": [Decimal("1.0"), None]})
    assert digest(base) != digest({"a": 1, "b": [Decimal("1.1"), None]})
    assert digest([1, 2]) != digest([2, 1])
