"""Screen 5 whole, as text files in `screens`; RF_SNAPSHOTS=1 writes them anew."""

import io
import os
import re
from pathlib import Path

import pytest
from urwid.display.raw import Screen

from rf_common.intelligence import Direction, GateCheck, Recommendation, Verdict
from rf_tui import keys, palette
from rf_tui.outcome import Outcome

FOLDER = Path(__file__).parent / "screens"
BOTH = [(120, 40), (80, 24)]
EVERY_KEY = [key for row in keys.BINDINGS for key in keys._spellings(row)]


def check(name, rows):
    path, text = FOLDER / f"{name}.txt", "".join(f"{row.rstrip()}\n" for row in rows)
    if os.environ.get("RF_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def tell(daemon, *events):
    for event in events:
        daemon.state.apply(event, daemon.state.ts)


@pytest.mark.parametrize("size", BOTH)
def test_the_ai_screen_looks_as_it_should(make_person, size):
    person = make_person(size=size)
    person.press("5")
    check(f"ai-{size[0]}x{size[1]}", person.look())


@pytest.mark.parametrize("size", BOTH)
async def test_without_a_key_the_rules_answer_and_are_called_rules(
    make_person, daemon, builders, size
):
    daemon.answers["ask"] = Outcome(
        ok=True, text="RSI(14) is 71.2, above 70, so the rules count it against buying.",
        data={"ok": True, "cited": ["F4"], "cost_usd": "0.00"},
    )  # fmt: skip
    opinion = builders.analyst(analyst="rules", model="", cost_usd=daemon.state.account.fees * 0,
                               input_tokens=0, output_tokens=0)  # fmt: skip
    tell(daemon, builders.rules(), opinion)
    person = make_person(daemon, size=size)
    person.press("5", "a")
    person.type("why not buy?")
    person.press("enter")
    await person.settle()
    check(f"ai-rules-{size[0]}x{size[1]}", person.look())


@pytest.mark.parametrize("size", BOTH)
def test_a_void_opinion_and_a_dead_worker_are_told_in_words(make_person, daemon, builders, size):
    tell(
        daemon,
        builders.analyst(unavailable="2 figures of the thesis have no source row",
                         unsupported=("4.2 %", "17 analysts")),
        builders.swarm(unavailable="20 returns are there, 60 are needed"),
        builders.graph(unavailable="AAPL names two entities"),
        builders.gate(reason="the analyst is unavailable",
                      checks=(GateCheck("analyst", "unavailable", "an opinion", False),)),
        builders.thinkers(worker="DOWN", worker_reason="killed by signal 9, starts again in 4 s"),
    )  # fmt: skip
    person = make_person(daemon, size=size)
    person.press("5")
    check(f"ai-void-{size[0]}x{size[1]}", person.look())


def test_the_history_shows_the_chain_of_reasons(make_person, daemon, builders):
    tell(
        daemon,
        builders.outcome(orders=(), refusals=("max_gross 21000 (limit 20000)",)),
        builders.analyst(cycle_id="sim-NVDA-8", instrument_id="sim:NVDA",
                         recommendation=Recommendation.BUY),
        builders.gate(cycle_id="sim-NVDA-8", instrument_id="sim:NVDA", verdict=Verdict.APPROVED,
                      quantity=builders.account().positions[0].quantity, reason=""),
        builders.outcome(cycle_id="sim-NVDA-8", instrument_id="sim:NVDA"),
    )  # fmt: skip
    person = make_person(daemon)
    person.press("5", "h")
    check("ai-history", person.look())
    person.press("down")
    assert "refused: max_gross 21000 (limit 20000)" in person.text()
    person.press("esc")
    assert "Decisions 2" not in person.text()


def test_a_long_chain_can_be_scrolled_on_a_small_terminal(make_person):
    person = make_person(size=(80, 24))
    person.press("h")
    assert "6 orders" not in person.text()
    person.press("page down", "page down", "page down")
    assert "6 orders" in person.text()


def test_a_reason_that_is_a_failed_comparison_is_said_once(make_person, daemon, builders):
    lost = GateCheck("stages", "swarm: no answer within 60 s", "4 of 4 available", False)
    tell(daemon, builders.gate(reason="swarm: no answer within 60 s", checks=(lost,)))
    person = make_person(daemon)
    person.press("5")
    assert person.text().count("no answer within 60 s") == 1


def test_a_long_thesis_leaves_room_for_what_is_against_it(make_person, daemon, builders):
    long = "The momentum of twenty days is a very long story " * 9
    tell(
        daemon,
        builders.analyst(thesis=f"{long}[F3]. {long}[F7].", key_risks=(f"{long[:220]}[N1]",)),
    )
    person = make_person(daemon)
    person.press("5")
    text = person.text()
    for part in ("… [F3]", "… [F7]", "… [N1]", "Against", "figures 7 of 7", "gate REJECTED"):
        assert part in text


def test_a_source_row_is_shown_whole(make_person):
    person = make_person(size=(80, 24))
    person.press("5", "tab", "down", "down", "down", "down", "enter")
    text = person.text()
    for part in ("Source N1", "Supplier raises guidance for the year", "Reuters", "52m"):
        assert part in text


def test_enter_shows_the_whole_opinion_graph_and_question_box(make_person):
    person = make_person()
    person.press("5", "enter")
    assert "1,912 tokens in (1,500 cached), 340 out, $0.0108, call call-7" in person.text()
    person.press("esc", "shift tab", "enter")
    assert "Foxconn  +0.032  confidence 0.80  AAPL -> FOXC assembler" in person.text()
    person.press("esc", "shift tab", "enter")
    assert "Ask about AAPL" in person.text()


def test_the_budget_is_shown_against_its_caps(make_person, daemon, builders):
    person = make_person(daemon)
    assert "AI $0.07/$2.00" in person.look()[0]
    person.press("u")
    assert "month $1.12 of $20.00" in person.text()
    assert "Brier 0.244, base rate 0.250" in person.text()
    person.press("esc")
    tell(daemon, builders.rules())
    person.press("u")
    text = person.text()
    assert "analyst rules (no ANTHROPIC_API_KEY)" in text
    assert "n/a: 3 of 30 opinions scored" in text


def test_the_screens_are_chosen_by_key_click_and_palette(person):
    person.press("5")
    assert "[5 AI]" in person.look()[1]
    column = person.look()[1].index("1 Dashboard")
    person.click(column + 1, 1)
    assert "[1 Dashboard]" in person.look()[1]
    person.press(":")
    person.type("screen 5")
    person.press("enter")
    assert "Sources sent" in person.text()
    person.press("1")
    assert "Watchlist 13" in person.text()


def test_a_screen_that_is_not_there_leaves_the_present_one(person):
    person.press("5", "3")
    assert "does not exist yet" in person.look()[-2]
    assert "[5 AI]" in person.look()[1]


def test_it_can_be_the_first_screen(make_person):
    assert "[5 AI]" in make_person(screen=5).look()[1]


def test_the_chosen_symbol_is_the_same_on_both_screens(make_person, daemon, builders):
    tell(daemon, builders.analyst(instrument_id="sim:NVDA", cycle_id="n1"))
    person = make_person(daemon)
    person.press("5", "down")
    assert "Dexter NVDA" in person.text()
    person.press("1")
    assert ">NVDA" in person.text()
    person.press("up", "5")
    assert "Dexter AAPL" in person.text()


def test_tab_goes_round_the_panels_of_this_screen(person):
    person.press("5")
    seen = []
    for _ in range(4):
        person.press("tab")
        seen.append(person.app.ai.active)
    assert seen == ["sources", "ask", "swarm graph", "dexter"]
    assert person.app.dashboard.active == "watchlist"


def test_a_click_chooses_a_source_and_sends_nothing(person, daemon):
    person.press("5")
    rows = person.look()
    row = next(n for n, text in enumerate(rows) if "F9   feature" in text)
    person.click(rows[row].index("F9"), row)
    assert person.app.ai.sources.selected.row_id == "F9"
    assert person.app.ai.active == "sources"
    assert daemon.asked == []


def test_an_order_that_is_not_seen_is_cancelled_only_after_a_question(person, daemon):
    person.press("5", "c")
    assert "Cancel this order?" in person.text()
    assert daemon.asked == []


def test_the_chart_is_not_changed_where_it_is_not_seen(person):
    before = person.app.dashboard.interval
    person.press("5", "t")
    assert person.app.dashboard.interval == before
    assert "the chart is on screen 1" in person.look()[-2]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (200, 60), (60, 14), (20, 5)])
@pytest.mark.parametrize("offline", [False, True])
def test_every_row_is_as_wide_as_the_terminal(make_person, daemon, size, offline):
    if offline:
        daemon.go_offline()
    person = make_person(daemon, size=size)
    person.press("esc", "5")
    assert [len(row) for row in person.look()] == [size[0]] * size[1]


@pytest.mark.parametrize("size", BOTH)
def test_ascii_is_nothing_but_ascii(make_person, size):
    person = make_person(size=size, ascii_only=True)
    for typed in ("5", "h", "g", "u", "a", "enter"):
        person.press(typed)
        assert person.text().isascii()
        person.press("esc")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 14)])
@pytest.mark.parametrize("key", EVERY_KEY)
async def test_every_key_can_be_pressed_here(make_person, key, size, caplog):
    person = make_person(size=size)
    person.press("5", key)
    await person.settle()
    person.look()
    person.press("esc", "esc")
    person.look()
    assert "failed" not in caplog.text


def test_a_terminal_made_small_shows_the_essentials_and_made_large_the_screen(make_person):
    person = make_person()
    person.press("5")
    person.size = (60, 14)
    assert "The panels need 80x24" in person.text()
    person.size = (120, 40)
    assert "Sources sent" in person.text()


def test_while_the_daemon_is_away_the_numbers_are_marked(make_person, daemon):
    daemon.go_offline()
    person = make_person(daemon)
    person.press("esc", "5")
    text = person.text()
    assert "confidence 0.58?" in text
    assert "41%?" in text


def test_text_of_a_model_cannot_draw(make_person, daemon, builders):
    evil = "\x1b[2J\u202eevil\x07\r\n日本"
    opinion = builders.analyst(thesis=evil, key_risks=(evil,), catalyst=evil, model=evil)
    tell(daemon, opinion, builders.swarm(regime=evil), builders.gate(reason=evil))
    tell(daemon, builders.graph(entity_name=evil, narrative=evil))
    tell(daemon, builders.thinkers(worker_reason=evil, why_rules=evil))
    person = make_person(daemon)
    person.press("5")
    for key in ("", "enter", "h", "g", "u"):
        person.press(*filter(None, [key]))
        rows = person.look()
        assert [len(row) for row in rows] == [120] * 40
        assert not set("".join(rows)) & set("\x1b\x07\u202e\r\n日")
        person.press("esc")


def test_a_view_that_fails_stays_in_its_panel(person, monkeypatch):
    def broken(*given):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("rf_tui.screens.ai.views.graph_panel", broken)
    person.press("5")
    text = person.text()
    assert "this panel cannot be shown" in text
    assert "Sources sent, 8 rows" in text


@pytest.mark.parametrize("recommendation", Recommendation)
@pytest.mark.parametrize("verdict", Verdict)
def test_every_recommendation_and_verdict_has_its_words(
    make_person, daemon, builders, recommendation, verdict
):
    tell(daemon, builders.analyst(recommendation=recommendation, direction=Direction.NEUTRAL),
         builders.gate(verdict=verdict))  # fmt: skip
    person = make_person(daemon)
    text = person.text()
    assert f"{recommendation} neutral" in text
    assert f"gate {verdict}" in text


def test_mono_draws_no_colour(make_person):
    person = make_person()
    person.press("5")
    out = io.StringIO()
    with open(os.devnull) as nothing:
        screen = Screen(input=nothing, output=out)
        screen.register_palette(palette.entries("mono"))
        screen.set_terminal_properties(colors=1)
        screen._started = True
        screen.draw_screen(person.size, person.app.root.render(person.size, True))
    codes = re.findall(r"\x1b\[([0-9;]*)m", out.getvalue())
    assert {number for code in codes for number in code.split(";")} <= {
        "", "0", "1", "4", "7", "39", "49",
    }  # fmt: skip
