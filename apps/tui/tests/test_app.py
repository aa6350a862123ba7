import pytest

from rf_dashboard import DashboardState
from rf_tui import keys
from rf_tui.outcome import Outcome
from rf_tui.screens.layout import Form

ROADMAP = "docs/roadmap.md"
EVERY_KEY = [key for row in keys.BINDINGS for key in keys._spellings(row)]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 14), (20, 5)])
@pytest.mark.parametrize("key", EVERY_KEY)
async def test_every_key_can_be_pressed_at_every_size(make_person, key, size, caplog):
    person = make_person(size=size)
    person.press(key)
    await person.settle()
    person.look()
    person.press("esc", "esc")
    person.look()
    assert "failed" not in caplog.text


@pytest.mark.parametrize("key", EVERY_KEY)
async def test_every_key_does_something_that_can_be_seen(make_person, key):
    person = make_person()
    person.press("down", "z", "right")
    person.app.say("dim", "")
    before = person.look(), person.left
    person.press(key)
    await person.settle()
    assert (person.look(), person.left) != before or key in {"esc", "right"}


@pytest.mark.parametrize("key", EVERY_KEY)
async def test_no_key_fails_when_nothing_is_known(make_person, builders, key, caplog):
    daemon = builders.FakeDaemon(state=DashboardState())
    person = make_person(daemon)
    person.press(key)
    await person.settle()
    daemon.go_offline()
    person.press("esc", key)
    await person.settle()
    person.look()
    assert "failed" not in caplog.text


@pytest.mark.parametrize("number", "2346")
def test_a_screen_that_does_not_exist_yet_says_so(person, number):
    person.press(number)
    assert "does not exist yet" in person.text()
    assert ROADMAP in person.text()


def test_tab_goes_round_and_back(person):
    names = list(person.app.dashboard.panels)
    seen = []
    for _ in names:
        person.press("tab")
        seen.append(person.app.dashboard.active)
    assert sorted(seen) == sorted(names)
    person.press("shift tab")
    assert person.app.dashboard.active == seen[-2]


def test_moving_in_the_watch_list_changes_chart_and_book(person):
    person.press("down", "J", "j")
    assert person.app.dashboard.chosen == "sim:MSFT"
    person.press("k", "up")
    assert person.app.dashboard.chosen == "sim:NVDA"
    text = person.text()
    assert "NVDA 5s" in text
    assert "Book NVDA" in text
    assert "n/a: no book yet" in text


def test_small_k_never_kills(person, daemon):
    person.press("k", "k", "k")
    assert daemon.verbs() == []


def test_chart_keys_zoom_scroll_and_change_the_interval(person):
    person.press("z")
    assert "zoom x2" in person.look()[-2]
    person.press("x", "x", "x")
    assert "zoom x0.25" in person.look()[-2]
    person.press("z", "z", "left")
    assert "candles back" in person.look()[-2]
    assert "5 back" in person.text()
    person.press("right", "t")
    assert "candles of 15s" in person.look()[-2]
    assert "AAPL 15s" in person.text()


async def test_refresh_asks_afresh(person, daemon):
    daemon.answers["status"] = Outcome(ok=True, data={"state": "ACTIVE", "open_orders": 2})
    daemon.answers["positions"] = Outcome(ok=True, data=[{}, {}])
    person.press("r")
    await person.turn()
    assert "sent, waiting" in person.look()[-2]
    await person.settle()
    assert daemon.verbs() == ["status", "positions"]
    assert "ACTIVE, 2 positions, 2 open orders" in person.look()[-2]


async def test_mode_is_asked_for_and_refused_with_the_open_conditions(person, daemon):
    daemon.answers["mode"] = Outcome(
        ok=True, data={"mode": "SIM", "open": ["live trading does not exist", "no limits set"]}
    )
    person.press("m")
    await person.settle()
    text = person.text()
    assert daemon.asked[0][0] == "mode"
    assert "open: live trading does not exist" in text
    assert "open: no limits set" in text
    assert "refused; nothing was changed" in text
    person.press("esc")
    assert "open: no limits" not in person.text()


async def test_mode_shows_the_refusal_of_a_daemon_that_does_not_know_it(person, daemon):
    daemon.answers["mode"] = Outcome(ok=False, code="RF-N-020", text="no such verb", fix="update")
    person.press("M")
    await person.settle()
    assert "RF-N-020  no such verb" in person.text()
    assert "fix: update" in person.text()


@pytest.mark.parametrize(("key", "delta"), [("+", 1), ("=", 1), ("-", -1)])
async def test_plus_and_minus_ask_the_daemon_for_other_limits(person, daemon, key, delta):
    daemon.answers["risk_adjust"] = Outcome(
        ok=False, code="RF-R-020", text="limits are only tightened here", fix="edit rf.toml"
    )
    person.press(key)
    await person.settle()
    assert daemon.asked == [("risk_adjust", {"delta": delta, "actor": "tui"})]
    assert "limits are only tightened here" in person.text()


async def test_cancel_sends_the_selected_order_and_tells_what_became_of_it(person, daemon):
    while person.app.dashboard.active != "orders":
        person.press("tab")
    person.press("down", "c")
    await person.turn()
    assert "sent, waiting" in person.look()[-2]
    await person.settle()
    command = daemon.asked[0][1]["command"]
    assert (daemon.asked[0][0], command["type"]) == ("order", "cancel")
    assert command["client_order_id"] == "RF-S-K7QW3ZPA-00000009"
    assert "done" in person.look()[-2]


async def test_when_the_selected_order_is_gone_no_other_one_is_cancelled(person, daemon, builders):
    person.look()
    gone = builders.order(8, status="FILLED")
    daemon.state.apply(gone, daemon.state.ts)
    person.look()
    person.press("c")
    await person.settle()
    assert daemon.asked == []
    assert "no open order is selected" in person.look()[-2]
    while person.app.dashboard.active != "orders":
        person.press("tab")
    person.press("down", "c")
    await person.settle()
    assert daemon.asked[0][1]["command"]["client_order_id"].endswith("9")


@pytest.mark.parametrize("size", [(80, 24), (60, 14)])
async def test_an_order_that_is_not_seen_is_cancelled_only_after_a_question(
    make_person, daemon, size
):
    person = make_person(daemon, size=size)
    person.press("c")
    assert "Cancel this order?" in person.text()
    assert "RF-S-K7QW3ZPA-00000008: SELL 40 AAPL" in person.text()
    person.press("y")
    await person.settle()
    assert daemon.asked[0][1]["command"]["type"] == "cancel"


async def test_cancel_all_asks_and_enter_is_the_safe_answer(person, daemon):
    person.press("C", "enter")
    await person.settle()
    assert daemon.asked == []
    person.press("C")
    assert "Cancel all orders?" in person.text()
    person.press("y")
    await person.settle()
    assert daemon.asked[0][1]["command"]["type"] == "cancel_all"


async def test_a_cancel_without_an_answer_is_not_called_done(person, daemon):
    daemon.answers["order"] = Outcome(ok=False, text="the link broke", reached=False)
    person.press("c")
    await person.settle()
    assert "no answer, it may have been done" in person.look()[-2]


def test_cancelling_offline_says_that_nothing_was_sent(person, daemon):
    daemon.go_offline()
    person.look()
    person.press("esc", "c")
    assert "nothing was cancelled" in person.look()[-2]
    assert daemon.asked == []


def test_quit_with_open_orders_asks_and_says_what_keeps_running(person):
    person.press("q")
    text = person.text()
    assert "2 open orders stay at the venue" in text
    assert "keep running" in text
    person.press("enter")
    assert person.left == []
    person.press("Q", "y")
    assert person.left == [True]


def test_quit_without_orders_leaves_at_once(person, daemon):
    daemon.state.orders.clear()
    person.press("q")
    assert person.left == [True]


def test_export_writes_real_files_and_names_them(person, tmp_path):
    person.press("e")
    files = sorted((tmp_path / "exports").glob("*.csv"))
    assert len(files) == 7
    assert "wrote" in person.look()[-2]
    table = next(f for f in files if f.name.endswith("orders.csv")).read_text()
    assert "RF-S-K7QW3ZPA-00000008" in table


def test_an_export_that_cannot_be_written_says_why(person, tmp_path):
    (tmp_path / "exports").write_text("in the way")
    person.press("e")
    assert "cannot be written" in person.look()[-2]


def test_find_chooses_an_instrument_by_some_of_its_letters(person):
    person.press("/")
    person.type("zzz")
    assert "nothing fits" in person.text()
    person.press("backspace", "backspace", "backspace", *"solu", "enter")
    assert person.app.dashboard.chosen == "sim:SOLUSDT"
    assert person.app.dialog is None


def test_the_palette_does_what_it_names_and_shows_key_and_shell_form(person):
    person.press(":")
    person.type("zoom i")
    assert ">zoom in" in person.text()
    person.press("enter")
    assert "zoom x2" in person.look()[-2]
    person.press(":")
    person.type("kill now")
    assert "rf kill" in person.text()
    person.press("esc", ":")
    person.type("screen 3")
    person.press("enter")
    assert "screen 3 Orderbook does not exist yet" in person.look()[-2]


def test_letters_are_text_in_the_palette_even_the_one_that_kills(person, daemon):
    person.press(":", "K", "i", "l")
    assert daemon.asked == []
    assert "> Kil" in person.text()


async def test_f12_kills_even_there(person, daemon):
    person.press(":", "f12")
    await person.settle()
    assert daemon.verbs() == ["kill"]


async def test_what_is_pasted_is_text_and_never_a_command(person, daemon):
    person.press("begin paste", "K", "b", "enter", "enter", "C", "y", "end paste")
    await person.settle()
    assert daemon.asked == []
    assert person.app.dialog is None
    person.press("/", "begin paste", *"ETH", "enter", "end paste")
    assert "> ETH" in person.text()
    assert person.app.dashboard.chosen == "sim:AAPL"


def test_a_resize_keeps_what_is_being_typed(person):
    person.press("b", *"12.5")
    for size in [(80, 24), (60, 14), (200, 60), (120, 40)]:
        person.size = size
        assert "12.5" in person.text()
    assert person.app.dashboard.form is Form.WIDE


def test_an_action_that_fails_is_told_and_logged(person, monkeypatch, caplog):
    monkeypatch.setattr(person.app.dashboard, "next_interval", None)
    person.press("t")
    assert "time range failed, log line E" in person.look()[-2]
    assert "TypeError" in caplog.text


async def test_a_request_that_fails_is_told(person, daemon):
    daemon.answers["status"] = RuntimeError("broken on purpose")
    person.press("r")
    await person.settle()
    assert "broken on purpose" in person.look()[-2]


def test_an_unknown_key_says_where_the_keys_are(person):
    person.press("w")
    assert "? shows the keys" in person.look()[-2]


def test_enter_shows_an_alert_whole(person):
    while person.app.dashboard.active != "alerts":
        person.press("tab")
    person.press("enter")
    assert "BUY 50 sim:TSLA refused: 19950.00 (limit 10000.00): notional" in person.text()


def test_the_offline_box_goes_when_the_daemon_is_back_and_counts_while_it_is_not(person, daemon):
    before = daemon.line
    daemon.go_offline(41)
    assert "DAEMON OFFLINE 00:41" in person.look()[0]
    daemon.line = daemon.line._replace(down_s=3_661)
    assert "1:01:01" in person.look()[0]
    person.press("r")
    assert daemon.retries == 1
    person.press("esc")
    assert "Not connected" not in person.text()
    assert "227.40?" in person.text()
    daemon.line = before
    person.look()
    assert "connected to the daemon" in person.look()[-2]


# --- mouse ----------------------------------------------------------------------------------------


def _find(rows, text):
    row = next(number for number, line in enumerate(rows) if text in line)
    return rows[row].index(text), row


def test_a_click_selects_and_the_wheel_moves(person):
    person.click(*_find(person.look(), "TSLA   "))
    assert person.app.dashboard.chosen == "sim:TSLA"
    person.click(*_find(person.look(), "TSLA   "), button=5)
    assert person.app.dashboard.chosen == "sim:MSFT"
    person.click(60, 10, button=4)
    assert "zoom x2" in person.look()[-2]
    person.click(*_find(person.look(), "0009 BUY"))
    assert person.app.dashboard.active == "orders"
    assert person.app.dashboard.orders.selected_id.endswith("9")


@pytest.mark.parametrize(("price", "side"), [("227.13", "SELL"), ("227.16", "BUY")])
def test_a_click_on_a_price_fills_a_ticket_and_sends_nothing(person, daemon, price, side):
    person.click(*_find(person.look(), price))
    text = person.text()
    assert "Order ticket" in text
    assert side in text
    assert price in text
    for row in range(40):
        for column in range(0, 120, 7):
            person.click(column, row)
    assert daemon.asked == []
    assert "Order ticket" in person.text()


def test_a_click_on_a_tab_shows_it(make_person):
    person = make_person(size=(80, 24))
    column, row = _find(person.look(), "Risk Feeds")
    person.click(column + 1, row)
    assert "[Risk]" in person.text()
    assert "day loss" in person.text()


def test_a_click_on_a_screen_name_asks_for_it(person):
    column, row = _find(person.look(), "4 Positions")
    person.click(column + 2, row)
    assert "screen 4 Positions does not exist yet" in person.look()[-2]
