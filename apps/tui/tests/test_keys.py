import pytest

from rf_tui import keys
from rf_tui.commands import ACTIONS
from rf_tui.dialogs.help import Help

SEED = {"tab", "shift tab", "b", "s", "d", "f", "z", "x", "t", "e", "r", "m", "q", "enter", "esc",
        "+", "-", "left", "right", "up", "down", "?"}  # fmt: skip


def test_every_key_of_the_original_is_there():
    assert {key for key in SEED if keys.binding_of(key) is None} == set()


def test_no_key_means_two_things():
    spelled = [key for row in keys.BINDINGS for key in keys._spellings(row)]
    assert len(spelled) == len(set(spelled))


def test_every_action_can_be_done():
    assert {row.action for row in keys.BINDINGS} <= set(ACTIONS)


@pytest.mark.parametrize("letter", "bsmdfzxterqj")
def test_letters_mean_the_same_in_either_case(letter):
    assert keys.binding_of(letter) is keys.binding_of(letter.upper())


def test_only_capital_k_kills():
    assert keys.binding_of("K").action == "kill"
    assert keys.binding_of("f12").action == "kill"
    assert keys.binding_of("k").action == "up"


def test_big_c_asks_and_small_c_does_not():
    assert keys.binding_of("C").action == "cancel all"
    assert keys.binding_of("c").action == "cancel"


def test_the_help_lists_every_line_of_the_table_whole():
    shown = Help(lambda: None)
    text = "\n".join("".join(part for _, part in line) for line in shown.lines(110, 99))
    for row in keys.BINDINGS:
        assert f"{row.label:<10} {row.text}" in text, row
    narrow = Help(lambda: None).lines(40, 99)
    assert len(narrow) > len(keys.BINDINGS)


@pytest.mark.parametrize("width", [58, 78, 118, 200])
def test_the_footer_always_says_how_to_stop_and_how_to_leave(width):
    hints = keys.hints(width)
    assert len(hints) <= width
    assert "K KILL" in hints
    assert "q quit" in hints
    assert "? help" in hints
