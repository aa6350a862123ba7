"""Whole screens, as text files beside this one; RF_SNAPSHOTS=1 writes them anew."""

import io
import os
import re
from pathlib import Path

import pytest
from urwid.display.raw import Screen
from urwid.testing import ScriptedScreen

from rf_tui import palette
from rf_tui.widgets.panel import Panel

FOLDER = Path(__file__).parent / "screens"
SIZES = [(200, 60), (120, 40), (80, 24), (79, 23), (60, 14), (20, 5), (1, 1)]


def check(name, rows):
    path, text = FOLDER / f"{name}.txt", "".join(f"{row.rstrip()}\n" for row in rows)
    if os.environ.get("RF_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 14)])
def test_the_dashboard_looks_as_it_should(make_person, size):
    check(f"dashboard-{size[0]}x{size[1]}", make_person(size=size).look())


@pytest.mark.parametrize("tab", ["orders", "book", "risk", "feeds", "dexter", "swarm"])
def test_on_a_small_terminal_panels_share_a_place(make_person, tab):
    person = make_person(size=(80, 24))
    while person.app.dashboard.active != tab:
        person.press("tab")
    check(f"tab-{tab}", person.look())


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 14)])
def test_a_lost_daemon_cannot_be_overlooked(make_person, daemon, size):
    daemon.go_offline()
    check(f"offline-{size[0]}x{size[1]}", make_person(daemon, size=size).look())


def test_without_any_daemon_the_screen_says_what_to_type(make_person, builders):
    daemon = builders.FakeDaemon(state=type(builders.filled_state())())
    daemon.go_offline(3)
    check("never-connected", make_person(daemon, size=(80, 24)).look())


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_help_looks_as_it_should(make_person, size):
    person = make_person(size=size)
    person.press("?")
    check(f"help-{size[0]}x{size[1]}", person.look())


async def test_the_ticket_and_its_review_look_as_they_should(make_person):
    person = make_person(size=(80, 24))
    person.press("b", "1", "0")
    check("ticket", person.look())
    person.press("enter")
    await person.settle()
    check("review", person.look())


async def test_the_kill_overlay_looks_as_it_should(make_person, daemon, builders):
    from rf_tui.outcome import Outcome

    names = [f"RF-S-K7QW3ZPA-{number:08d}" for number in (8, 9)]
    told = {"ok": True, "code": "KILLED", "text": "", "confirmed": names, "engine_answered": True}
    daemon.answers["kill"] = Outcome(ok=True, data=told, code="KILLED")
    person = make_person(daemon, size=(80, 24))
    person.press("K")
    daemon.state.apply(
        builders.system(killed=True, kill_number=1, kill_reason="K in the terminal",
                        state="HALTED", resume_phrase="resume SIM 1"),
        daemon.state.ts,
    )  # fmt: skip
    await person.settle()
    check("kill", person.look())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("offline", [False, True])
def test_every_row_is_as_wide_as_the_terminal_and_the_mode_comes_first(
    make_person, daemon, size, offline
):
    if offline:
        daemon.go_offline()
    rows = make_person(daemon, size=size).look()
    assert [len(row) for row in rows] == [size[0]] * size[1]
    assert rows[0].lstrip().startswith("SIM" if size[0] > 4 else "")


@pytest.mark.parametrize(
    ("mode", "word"), [("SIM", " SIM "), ("PAPER", " PAPER "), ("LIVE", " LIVE - REAL MONEY !! ")]
)
@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 14)])
def test_the_mode_word_is_whole_at_every_size(make_person, daemon, builders, mode, word, size):
    daemon.state.apply(builders.system(mode=mode), daemon.state.ts)
    assert make_person(daemon, size=size).look()[0].startswith(word)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 14)])
def test_ascii_is_nothing_but_ascii(make_person, size):
    person = make_person(size=size, ascii_only=True)
    for keys in ("", "?", "b", ":", "K"):
        if keys == "K":
            person.app.overlays.kill_box()
        else:
            person.press(*keys)
        assert person.text().isascii()
        person.press("esc")


def test_a_screen_in_ascii_follows_what_happens(make_person, daemon, builders):
    person = make_person(daemon, ascii_only=True)
    daemon.state.apply(builders.order(10), daemon.state.ts)
    assert "Open orders 3" in person.text()


def _escapes(person, theme, colours):
    out = io.StringIO()
    with open(os.devnull) as nothing:
        screen = Screen(input=nothing, output=out)
        screen.register_palette(palette.entries(theme))
        screen.set_terminal_properties(colors=colours)
        screen._started = True
        screen.draw_screen(person.size, person.app.root.render(person.size, True))
    return out.getvalue()


def test_mono_draws_no_colour(person):
    codes = re.findall(r"\x1b\[([0-9;]*)m", _escapes(person, "mono", 1))
    assert {number for code in codes for number in code.split(";")} <= {
        "", "0", "1", "4", "7", "39", "49",
    }  # fmt: skip


@pytest.mark.parametrize(("colours", "mark"), [(16, "\x1b[0;3"), (256, "38;5;"), (2**24, "38;2;")])
@pytest.mark.parametrize("theme", ["dark", "light", "high-contrast", "colour-blind"])
def test_every_theme_is_drawn_at_every_depth(person, theme, colours, mark):
    assert mark in _escapes(person, theme, colours)


def test_an_error_in_one_panel_stays_in_it(person, monkeypatch, caplog):
    monkeypatch.setattr(type(person.app.dashboard.chart), "lines", _broken)
    text = person.text()
    assert "this panel cannot be shown" in text
    assert "Watchlist 13" in text
    assert "Open orders 2" in text
    reference = re.search(r"log line (E\w+)", text).group(1)
    assert reference in caplog.text


def _broken(self, width, height):
    raise RuntimeError("broken on purpose")


def test_a_view_that_fails_stays_in_its_panel(person, monkeypatch):
    monkeypatch.setattr("rf_tui.screens.dashboard.views.book", _broken)
    assert "this panel cannot be shown" in person.text()


def test_text_from_outside_cannot_draw(person, daemon):
    from rf_common.enums import Severity
    from rf_common.orders import Notice

    daemon.state.apply(Notice(Severity.CRITICAL, "X\x1b[2J", "\u202eevil\x07\r\n日本"),
                       daemon.state.ts)  # fmt: skip
    rows = person.look()
    assert [len(row) for row in rows] == [120] * 40
    assert not set("".join(rows)) & set("\x1b\x07\u202e\r\n日")


def test_a_dialog_with_text_from_outside_keeps_its_frame(person):
    from rf_tui.dialogs.sheet import Sheet

    person.app.say("bad", "日本\x1b[2J\u202e")
    person.app.show(lambda close: Sheet("日\x1b", [("text", "本\u200b\x07 é e\u0301 語")], close))
    assert [len(row) for row in person.look()] == [120] * 40
    assert not set(person.text()) & set("\x1b\x07\u202e\u200b日本語")


def test_a_header_that_fails_is_told_and_the_rest_goes_on(person, monkeypatch):
    monkeypatch.setattr("rf_tui.app.views.header", _broken)
    text = person.text()
    assert "the header cannot be shown, log line E" in text
    assert "Open orders 2" in text


def test_it_runs_in_urwids_own_loop(make_person):
    import urwid

    person = make_person()
    screen = ScriptedScreen(size=(80, 24), inputs=[["?"], ["esc"], [("mouse press", 1, 5, 5)]])
    urwid.MainLoop(person.app.root, palette.entries("dark"), screen=screen).run()
    assert any("KILL now" in row for row in screen.canvases[1].decoded_text)
    assert any(row.startswith("│>NVDA") for row in screen.last_text)


def test_nothing_is_painted_again_when_nothing_changed(person):
    first = person.app.root.render(person.size, True)
    person.app.refresh()
    assert person.app.root.render(person.size, True) is first


def test_the_panels_are_all_there_when_there_is_room(person):
    assert all(isinstance(panel, Panel) for panel in person.app.dashboard.panels.values())
    text = person.text()
    for title in ("Watchlist", "Positions", "Risk", "Alerts & refusals", "Book AAPL",
                  "Open orders", "Exchanges", "Dexter", "MiroFish"):  # fmt: skip
        assert title in text
