from enum import StrEnum

import msgspec
import pytest

from rf_common.commands import Command
from rf_common.events import Payload, Quote, Trade
from rf_common.ids import InstrumentId
from rf_event_bus import schema_hash


def struct(name="Point", **fields):
    return msgspec.defstruct(name, list(fields.items()))


def test_the_hash_is_sha256_and_the_same_each_time():
    assert len(schema_hash(Payload, Command)) == 64
    assert schema_hash(Payload, Command) == schema_hash(Payload, Command)
    assert schema_hash(struct(x=int)) == schema_hash(struct(x=int))


@pytest.mark.parametrize(
    "other",
    [
        struct(x=int, y=float),
        struct(y=str, x=int),
        struct(x=int, z=str),
        struct(x=int, y=str, z=str),
        struct(x=int, y=str | None),
        struct("Dot", x=int, y=str),
        struct(x=int, y=tuple[str, ...]),
        struct(x=int, y=tuple[str, str]),
    ],
)
def test_any_change_of_a_struct_is_another_schema(other):
    assert schema_hash(other) != schema_hash(struct(x=int, y=str))


def test_a_change_deep_inside_is_another_schema():
    old, new = struct(x=int), struct(x=float)
    assert schema_hash(tuple[old, ...]) != schema_hash(tuple[new, ...])
    assert schema_hash(struct("A", p=old)) != schema_hash(struct("A", p=new))


def test_order_and_number_of_variants_count():
    hashes = {
        schema_hash(Quote | Trade),
        schema_hash(Trade | Quote),
        schema_hash(Quote),
        schema_hash(Quote, Trade),
    }
    assert len(hashes) == 4


def test_order_names_and_values_of_an_enumeration_count():
    kinds = [
        StrEnum("E", {"A": "a", "B": "b"}),
        StrEnum("E", {"B": "b", "A": "a"}),
        StrEnum("E", {"A": "a", "C": "b"}),
        StrEnum("E", {"A": "a", "B": "c"}),
    ]
    assert len({schema_hash(kind) for kind in kinds}) == 4


def test_a_new_type_is_what_it_is_made_of():
    assert schema_hash(InstrumentId) == schema_hash(str)
