"""The real program in a pseudo-terminal, read with pyte, keys typed as a person would."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import sys
import termios

import pyte
import pytest

from rf_common.clock import RealtimeClock
from rf_event_bus import VERB_ROLES, BusServer, Role
from rf_net.token import create_token
from rf_tui.link import make_wire

PATIENCE_S = 15
CHECKS = {"judgements": [{"rule": "max_notional", "outcome": "pass", "value": "2271",
                          "limit": "10000", "reason": "", "fix": ""}]}  # fmt: skip


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, arguments, environment, columns=120, rows=40):
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._more = asyncio.Event()
        self.raw = b""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, *arguments], environment)
        self.resize(columns, rows)
        os.set_blocking(self._fd, False)
        asyncio.get_running_loop().add_reader(self._fd, self._read)

    def resize(self, columns, rows):
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def _read(self):
        try:
            data = os.read(self._fd, 65_536)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._fd)
        self.raw += data
        # pyte knows none of the questions about the terminal's abilities, and shows their tails.
        self._stream.feed(data)
        self._more.set()

    def type(self, text):
        os.write(self._fd, text.encode())

    def text(self):
        return "\n".join(self.screen.display)

    async def until(self, *wanted, gone=()):
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (
                    all(part in self.text() for part in wanted)
                    and not any(part in self.text() for part in gone)
                ):
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            pytest.fail(f"expected {wanted} and not {gone}, was\n{self.text()}")

    async def ended(self):
        async with asyncio.timeout(PATIENCE_S):
            _, status = await asyncio.to_thread(os.waitpid, self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def close(self):
        asyncio.get_running_loop().remove_reader(self._fd)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)


@pytest.fixture
async def terminal(tmp_path):
    with contextlib.ExitStack() as stack:

        def start(*flags, columns=120, rows=40, **environment):
            program = ["-c", "from rf_tui.main import main; main()", "--data-dir", str(tmp_path)]
            kept = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "RF_DATA_DIR"}}
            made = Terminal([*program, *flags], kept | {"TERM": "xterm-256color"} | environment,
                            columns, rows)  # fmt: skip
            stack.callback(made.close)
            return made

        yield start


@pytest.fixture
async def daemon(tmp_path, builders):
    """A bus that answers as a daemon does."""

    class Daemon:
        asked = ()

    told, state, tokens = Daemon(), builders.filled_state(), {}
    told.asked, told.state = [], state
    for role, name in ((Role.TRADE, "trade.token"), (Role.ADMIN, "admin.token")):
        tokens[role] = create_token(tmp_path / name)

    async def handle(verb, args, peer, role):
        told.asked.append((verb, args))
        if verb == "kill":
            state.apply(builders.system(killed=True, kill_number=1, state="HALTED",
                                        resume_phrase="resume SIM 1"), state.ts)  # fmt: skip
            told.server.publish("state", state.system)
            return {"ok": True, "code": "KILLED", "text": "killed", "confirmed": ["RF-1"],
                    "engine_answered": True}  # fmt: skip
        if verb == "resume":
            state.apply(builders.system(), state.ts)
            told.server.publish("state", state.system)
        if verb == "think":
            tell = builders.swarm if args["what"] == "swarm" else builders.analyst
            told.server.publish("state", tell(cycle_id="asked", instrument_id="sim:NVDA"))
            return {"ok": True, "code": "", "text": "asked; the answer comes as an event"}
        if verb == "ask":
            return {"ok": True, "text": "RSI is above 70.", "cited": ["F4"], "cost_usd": "0.0027"}
        return CHECKS if verb == "check" else {"ok": True, "code": "SENT", "text": "sent"}

    roles = VERB_ROLES | dict.fromkeys(("think", "ask"), Role.TRADE)
    told.server = BusServer(
        make_wire(), tokens=tokens, handler=handle, snapshot=state.snapshot,
        clock=RealtimeClock(), session="s1", mode="SIM", verbs=roles,
    )  # fmt: skip
    port = await told.server.start()
    (tmp_path / "daemon.json").write_text(json.dumps({"host": "127.0.0.1", "port": port}))

    async def feed():
        # Prices are told again and again, as a market does: those of a ticket must be young.
        while True:
            ts = RealtimeClock().now()
            for market in list(state.markets.values()):
                quote = market.quote
                told.server.publish("market", type(quote)(
                    quote.instrument_id, ts, quote.bid_px, 5.0, quote.ask_px, 4.0))  # fmt: skip
            told.server.publish("state", state.system)
            await asyncio.sleep(0.3)

    task = asyncio.create_task(feed())
    yield told
    task.cancel()
    await told.server.stop(0)


async def test_a_person_looks_trades_kills_and_resumes(terminal, daemon, tmp_path):
    tui = terminal()
    await tui.until(" SIM ", "Watchlist 13", "AAPL", "Open orders 2", "age 0.")
    tui.type("b10")
    await tui.until("Order ticket", "10")
    tui.type("\r")
    await tui.until("Send SIM order?", "max_notional 2271 / 10000")
    await asyncio.sleep(0.3)  # an Enter that follows sooner is a key held down
    tui.type("\r")
    await tui.until("accepted", gone=["Send SIM order?"])
    placed = [args["command"] for verb, args in daemon.asked if verb == "order"]
    assert [(c["type"], c["quantity"]) for c in placed] == [("place", "10")]
    tui.type("K")
    await tui.until("confirmed by the venue: 1 orders cancelled", "KILLED", "resume SIM 1")
    tui.type("\x1b")
    await tui.until("Watchlist", gone=["Type the phrase"])
    assert "resume" not in [verb for verb, _ in daemon.asked]
    tui.type(":resume\r")
    await tui.until("Type the phrase")
    tui.type("resume SIM 1\r")
    await tui.until("resume: done", gone=["Type the phrase"])
    tui.type("q")
    await tui.until("open orders stay at the venue")
    tui.type("y")
    assert await tui.ended() == 0
    assert b"\x1b[?1049l" in tui.raw
    assert "connected, session s1" in (tmp_path / "tui.log").read_text()


@pytest.mark.parametrize(
    ("columns", "rows", "seen"), [(120, 40, "Sources sent, 0 rows"), (80, 24, "[Ask] Sources")]
)
async def test_a_person_asks_the_analyst_the_swarm_and_a_question(
    terminal, daemon, columns, rows, seen
):
    tui = terminal(columns=columns, rows=rows)
    await tui.until("Watchlist 13", ">AAPL", "AI $0.07")
    tui.type("j5")
    await tui.until("Dexter NVDA", seen, "no opinion on it yet",
                    "no forecast for it yet")  # fmt: skip
    tui.type("D")
    await tui.until("Ask Dexter about NVDA?", "estimated cost $0.012", "[ No ] is selected")
    tui.type("y")
    await tui.until("HOLD long  confidence 0.58", "RSI(14) at 71.2 is overbought [F4]",
                    "figures 7 of 7 match a source row")  # fmt: skip
    tui.type("F")
    await tui.until("41% ±1.4", "37% ±1.4", "22% ±1.4", "Synthetic")
    tui.type("awhy?\r")
    await tui.until("> NVDA: why?", "RSI is above 70.", "sources F4   $0.0027")
    tui.type("h")
    await tui.until("Decisions 2, newest first", "cycle asked")
    tui.type("\x1b")
    await tui.until(seen.replace("0 rows", "8 rows"), gone=["Decisions 2"])
    tui.type("1")
    await tui.until(">NVDA", "Watchlist 13")
    assert [(verb, args.get("what")) for verb, args in daemon.asked] == [
        ("think", "analyst"), ("think", "swarm"), ("ask", None),
    ]  # fmt: skip


async def test_a_daemon_that_goes_is_seen_and_one_that_comes_is_found(terminal, daemon, tmp_path):
    tui = terminal(columns=80, rows=24)
    await tui.until("Watchlist 13")
    await daemon.server.stop(0)
    await tui.until("DAEMON OFFLINE", "Not connected to the daemon", "uv run daemon")
    tui.type("\x1b")
    await tui.until("Watchlist", "?", gone=["Not connected to the daemon"])
    tui.resize(60, 14)
    await tui.until("This terminal is 60x14")
    tui.type("K")
    await tui.until("LATCHED")
    assert (tmp_path / "KILL").exists()


async def test_without_a_daemon_it_starts_all_the_same_and_ends_at_ctrl_c(terminal):
    tui = terminal(columns=80, rows=24)
    await tui.until("OFFLINE", "Not connected", "uv run daemon", "retries at once")
    tui.type("\x03")
    await tui.until("Close this screen?")
    tui.type("\x03")
    assert await tui.ended() == 0


@pytest.mark.parametrize(
    ("flags", "environment"), [(("--theme", "mono"), {}), ((), {"NO_COLOR": "1"})]
)
async def test_without_colour_no_colour_is_sent(terminal, daemon, flags, environment):
    tui = terminal(*flags, "--ascii", "--no-mouse", **environment)
    await tui.until("Watchlist 13", "=0.00%")
    cells = [cell for row in tui.screen.buffer.values() for cell in row.values()]
    assert {(cell.fg, cell.bg) for cell in cells} == {("default", "default")}
    assert tui.text().isascii()
    assert b"\x1b[?1000h" not in tui.raw
