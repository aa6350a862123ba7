import math
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec
import pytest

from rf_common import ConfigError, Secret
from rf_common.config import FRACTION, NOT_NEGATIVE, POSITIVE, check, fields, load, show

CANARY = "sk-ant-api03-canary"


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    size: int = 1


class Risk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    max_drawdown: float = 0.05
    max_loss: Decimal = Decimal(2_000)
    max_orders: int = 20
    wait_ms: int = 0

    def __post_init__(self) -> None:
        rules = {"max_drawdown": FRACTION, "max_loss": POSITIVE, "max_orders": POSITIVE}
        check(self, rules | {"wait_ms": NOT_NEGATIVE})


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    alpaca: Secret = Secret("")


class App(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    port: int = 7001
    verbose: bool = False
    symbols: tuple[str, ...] = ("A",)
    colour: Colour = Colour.RED
    limit: float | None = None
    specs: tuple[Spec, ...] = ()
    risk: Risk = Risk()
    keys: Keys = Keys()

    def __post_init__(self) -> None:
        check(self, {"port": POSITIVE})


ALIASES = {"ALPACA_API_SECRET": "keys.alpaca", "ALPACA_SECRET_KEY": "keys.alpaca"}


def _mistake(toml: dict[str, Any], env: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(App, toml, env or {}, aliases=ALIASES)
    assert caught.value.code == "RF-C-001"
    return str(caught.value)


def test_nothing_given_is_the_defaults_with_no_origin() -> None:
    assert load(App, {}, {"PATH": "/bin", "HOME": "x"}) == (App(), {})


def test_the_environment_wins_over_the_file_and_origins_say_so() -> None:
    toml = {"port": 1, "risk": {"max_drawdown": 0.1, "max_loss": 5}}
    env = {"RF_RISK__MAX_DRAWDOWN": " 0.2 ", "RF_COLOUR": "blue"}

    settings, origins = load(App, toml, env)

    assert settings.risk == Risk(max_drawdown=0.2, max_loss=Decimal(5))
    assert (settings.port, settings.colour) == (1, Colour.BLUE)
    assert origins == {
        "port": "rf.toml",
        "risk.max_drawdown": "RF_RISK__MAX_DRAWDOWN",
        "risk.max_loss": "rf.toml",
        "colour": "RF_COLOUR",
    }


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ({"prot": 1}, "rf.toml: prot: unknown setting, did you mean port ?"),
        ({"risk": {"max_drawdwn": 1}}, "risk.max_drawdwn: unknown setting, did you mean risk.max"),
        ({"risk": {"zzz": 1}}, "rf.toml: risk.zzz: unknown setting"),
        ({"qqqq": {"a": 1}}, "qqqq: unknown setting"),
        ({"specs": [{"nam": "x"}]}, "nam"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(
    toml: dict[str, Any], words: str
) -> None:
    assert words in _mistake(toml)


def test_an_unknown_variable_is_named_with_the_nearest_known_one() -> None:
    text = _mistake({}, {"RF_RISK__MAX_DRAWDOWM": CANARY})

    assert "RF_RISK__MAX_DRAWDOWM: unknown setting, did you mean RF_RISK__MAX_DRAWDOWN ?" in text
    assert CANARY not in text


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ({"port": "x"}, "rf.toml: port: Expected `int`"),
        ({"port": True}, "rf.toml: port: Expected `int`"),
        ({"port": 1.5}, "rf.toml: port: Expected `int`"),
        ({"verbose": "perhaps"}, "rf.toml: verbose: Expected `bool`"),
        ({"verbose": 2}, "rf.toml: verbose: Expected `bool`"),
        ({"symbols": "A,B"}, "rf.toml: symbols: Expected `array`"),
        ({"symbols": ["A", 1]}, "rf.toml: symbols[1]: Expected `str`"),
        ({"colour": "green"}, "rf.toml: colour: Invalid enum value 'green'"),
        ({"risk": {"max_loss": "much"}}, "rf.toml: risk.max_loss: expected a decimal number"),
        ({"risk": {"max_loss": "1_000"}}, "rf.toml: risk.max_loss: expected a decimal number"),
        ({"risk": {"max_loss": "１２"}}, "rf.toml: risk.max_loss: expected a decimal number"),
        ({"risk": {"max_loss": True}}, "rf.toml: risk.max_loss: Expected `decimal`"),
        ({"risk": {"max_drawdown": False}}, "rf.toml: risk.max_drawdown: Expected `float`"),
        ({"risk": 5}, "rf.toml: risk: expected a section of settings, got int"),
        ({"specs": [{"name": "a", "size": "b"}]}, "rf.toml: specs[0].size: Expected `int`"),
    ],
)
def test_a_wrong_type_is_named_with_its_place(toml: dict[str, Any], words: str) -> None:
    assert words in _mistake(toml)


def test_every_mistake_is_named_with_its_own_origin() -> None:
    text = _mistake({"port": "x", "vebose": True}, {"RF_RISK__MAX_ORDERS": "many", "RF_X": "1"})

    assert text.split("; ") == [
        "RF_X: unknown setting",
        "rf.toml: vebose: unknown setting, did you mean verbose ?",
        "rf.toml: port: Expected `int`, got `str`",
        "RF_RISK__MAX_ORDERS: risk.max_orders: Expected `int`, got `str`",
    ]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("max_drawdown", [1, 0.0001], [0, -0.1, 1.0001, 5, math.nan, math.inf]),
        ("max_loss", ["0.01", 1], ["0", -1, "nan", "inf", math.nan]),
        ("max_orders", [1], [0, -1]),
        ("wait_ms", [0, 1], [-1]),
    ],
)
def test_each_range_holds_on_both_sides(name: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert load(App, {"risk": {name: value}}, {})[0].risk is not None
    for value in bad:
        assert f"risk.{name}" in _mistake({"risk": {name: value}})


def test_a_value_out_of_range_is_named_with_its_origin() -> None:
    file = _mistake({"risk": {"max_drawdown": 5, "max_orders": 3}})
    variable = _mistake({"risk": {"max_orders": 3}}, {"RF_RISK__MAX_DRAWDOWN": "5"})
    top = _mistake({}, {"RF_PORT": "-1"})

    assert file.startswith("rf.toml: risk.max_drawdown = 5.0: expected a fraction above 0")
    assert variable.startswith("RF_RISK__MAX_DRAWDOWN: risk.max_drawdown = 5.0: expected")
    assert top == "RF_PORT: port = -1: expected a number above 0"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(text, True) for text in ("1", "TRUE", "yes", "On")],
        *[(text, False) for text in ("0", "false", "NO", "off")],
    ],
)
def test_booleans_have_eight_spellings(text: str, value: bool) -> None:
    assert load(App, {"verbose": not value}, {"RF_VERBOSE": text})[0].verbose is value


def test_a_boolean_of_another_spelling_is_refused() -> None:
    assert "RF_VERBOSE: verbose: Expected `bool`" in _mistake({}, {"RF_VERBOSE": "2"})


def test_a_list_in_the_environment_is_divided_by_commas() -> None:
    settings, _ = load(App, {}, {"RF_SYMBOLS": " BTC , ETH,,"})

    assert settings.symbols == ("BTC", "ETH")


def test_a_blank_variable_is_not_given() -> None:
    settings, origins = load(
        App, {"port": 5}, {"RF_PORT": "  ", "ALPACA_API_SECRET": ""}, aliases=ALIASES
    )

    assert (settings.port, origins) == (5, {"port": "rf.toml"})


@pytest.mark.parametrize("name", ["ALPACA_API_SECRET", "ALPACA_SECRET_KEY", "RF_KEYS__ALPACA"])
def test_a_setting_may_have_two_published_names(name: str) -> None:
    settings, origins = load(App, {}, {name: CANARY}, aliases=ALIASES)

    assert settings.keys.alpaca.reveal() == CANARY
    assert origins == {"keys.alpaca": name}


def test_our_own_name_wins_over_a_published_one() -> None:
    env = {"ALPACA_API_SECRET": "published", "RF_KEYS__ALPACA": "own"}

    settings, origins = load(App, {}, env, aliases=ALIASES)

    assert settings.keys.alpaca.reveal() == "own"
    assert origins == {"keys.alpaca": "RF_KEYS__ALPACA"}


def test_two_published_names_must_agree() -> None:
    same = {"ALPACA_API_SECRET": CANARY, "ALPACA_SECRET_KEY": f"{CANARY} "}
    assert load(App, {}, same, aliases=ALIASES)[0].keys.alpaca.reveal() == CANARY

    text = _mistake({}, {"ALPACA_API_SECRET": CANARY, "ALPACA_SECRET_KEY": "other"})

    assert "ALPACA_API_SECRET and ALPACA_SECRET_KEY are the same setting but differ" in text
    assert CANARY not in text


@pytest.mark.parametrize(
    ("toml", "env"),
    [
        ({"keys": CANARY}, {}),
        ({"keys": CANARY}, {"RF_KEYS__ALPACA": CANARY}),
        ({"keys": {"alpaca": [CANARY]}}, {}),
        ({"keys": {"alpaca": {"value": CANARY}}}, {}),
        ({"keys": {"alpca": CANARY}}, {}),
        ({"alpaca": CANARY}, {}),
        ({"keys": {"alpaca": CANARY}, "port": "x"}, {}),
        ({"port": CANARY}, {}),
        ({"risk": {"max_loss": 0}, "keys": {"alpaca": CANARY}}, {}),
        ({}, {"RF_ALPACA": CANARY}),
        ({}, {"RF_PORT": CANARY}),
    ],
)
def test_no_error_contains_a_key(toml: dict[str, Any], env: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(App, toml, env, aliases=ALIASES)

    assert "canary" not in caught.value.render()


def test_settings_are_listed_by_dotted_name_and_shown_masked() -> None:
    shown = show(App(keys=Keys(alpaca=Secret(CANARY)), symbols=("A", "B")))

    assert list(shown) == list(fields(App))
    assert shown["symbols"] == "A,B"
    assert shown["risk.max_drawdown"] == "0.05"
    assert "canary" not in "".join(shown.values()).replace("ary, 19", "")
    assert shown["keys.alpaca"] == "…ary, 19 characters"
