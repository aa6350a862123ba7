from hypothesis import given, settings
from hypothesis import strategies as st
from urwid import calc_width

from rf_tui.glyphs import _ASCII, clean, to_ascii


@settings(deadline=None, max_examples=200)
@given(st.text())
def test_what_comes_from_outside_takes_one_column_a_character(text):
    shown = clean(text)
    assert calc_width(shown, 0, len(shown)) == len(shown)
    assert shown.isprintable()
    assert clean(shown) == shown


def test_escape_sequences_and_bidi_marks_do_not_reach_the_screen():
    assert clean("\x1b]0;title\x07a\u202eb\u2066c\u200d\x00\r\n") == "]0;titleabc  "


@settings(deadline=None, max_examples=100)
@given(st.text())
def test_ascii_keeps_the_number_of_characters(text):
    assert to_ascii(text).isascii()
    assert len(to_ascii(text)) == len(text)


def test_up_and_down_stay_apart_in_ascii():
    assert to_ascii("▲ ▼ = ● ○ █ ░") == "^ v = * o # :"


def test_each_glyph_of_ours_is_one_column_wide():
    assert all(calc_width(glyph, 0, 1) == 1 for glyph in _ASCII)
