import pytest
from urwid.testing import resolve_attr

from rf_tui.palette import COLOURS, ROLES, THEMES, depth, entries

_DECORATION = {"border"}


def _luminance(rgb):
    parts = [int(rgb[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [name for name, tones in THEMES.items() if tones])
def test_text_has_a_contrast_of_at_least_four_and_a_half(theme):
    tones = THEMES[theme]
    for name, role in ROLES.items():
        lights = sorted(_luminance(tones[tone].rgb) for tone in (role.ink, role.ground))
        contrast = (lights[1] + 0.05) / (lights[0] + 0.05)
        assert contrast >= (3.0 if name in _DECORATION else 4.5), (theme, name, round(contrast, 2))


@pytest.mark.parametrize("theme", list(THEMES))
@pytest.mark.parametrize("colours", list(COLOURS.values()))
def test_every_role_of_every_theme_resolves_at_every_depth(theme, colours):
    palette = entries(theme)
    assert [entry[0] for entry in palette] == list(ROLES)
    for name in ROLES:
        spec = resolve_attr(name, palette, colors=colours)
        assert spec.colors <= max(colours, 16)


def test_no_row_depends_on_red_against_green_in_the_colour_blind_theme():
    tones = THEMES["colour-blind"]
    assert (tones["up"].basic, tones["down"].basic) == ("light blue", "yellow")


def test_a_flag_wins_over_no_color_and_that_over_the_terminal():
    assert depth(None, "dark", {}) is None
    assert depth(None, "dark", {"NO_COLOR": "1"}) == 1
    assert depth("256", "dark", {"NO_COLOR": "1"}) == 256
    assert depth("true", "mono", {}) == 1
