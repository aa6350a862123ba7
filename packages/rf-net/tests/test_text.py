import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from rf_net.text import plain


def test_control_and_bidi_characters_become_blanks():
    assert plain("a\x1b[31mb\r\nc\u202ed\u2028e") == "a [31mb c d e"


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=500))
def test_the_result_is_one_short_printable_line(text):
    result = plain(text)

    assert len(result) <= 200
    assert not any(unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"} for letter in result)
