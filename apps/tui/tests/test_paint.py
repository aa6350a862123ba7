import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_tui.paint import canvas, fit, framed, span_width, spread

lines = st.lists(st.tuples(st.sampled_from(["text", "up", "down"]), st.text("ab█▲ ", max_size=9)))


@settings(deadline=None, max_examples=200)
@given(lines, st.integers(0, 30))
def test_a_line_always_fits_exactly(line, width):
    assert span_width(fit(line, width)) == width
    assert span_width(spread(line, [("text", "end")], width)) == width


@settings(deadline=None, max_examples=100)
@given(st.lists(lines, max_size=8), st.integers(0, 30), st.integers(0, 9), lines)
def test_a_canvas_has_its_size_and_its_attributes_cover_it(body, width, height, title):
    picture = canvas(framed(body, (width, height), title, foot="foot"), (width, height))
    assert (picture.cols(), picture.rows()) == (width, height)
    for row in picture.content() if width and height else ():
        assert len(b"".join(text for _, _, text in row).decode()) == width


@pytest.mark.parametrize(
    ("width", "text"), [(7, "227.14 "), (6, "227.14"), (5, "227.…"), (1, "…"), (0, "")]
)
def test_a_number_is_never_cut_unseen(width, text):
    assert "".join(part for _, part in fit([("text", "227.14")], width)) == text


def test_the_end_of_a_line_is_marked_when_a_later_span_has_no_room():
    assert fit([("up", "abc"), ("down", "d")], 3) == [("up", "ab…")]
