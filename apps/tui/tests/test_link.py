import asyncio
import contextlib
import json

import pytest

from rf_common.clock import RealtimeClock, monotonic_ns
from rf_common.errors import RfError
from rf_event_bus import VERB_ROLES, BusServer, Role
from rf_net.token import create_token
from rf_tui.link import PATIENCE_S, Link, make_wire
from rf_tui.where import Where


class Bus:
    """The real bus with a state made by hand, and the link to it."""

    def __init__(self, folder, state):
        self.folder = folder
        self.state = state
        self.tokens = {Role.TRADE: create_token(folder / "trade.token"),
                       Role.ADMIN: create_token(folder / "admin.token")}  # fmt: skip
        self.asked = []
        self.answers = {}
        self.server = None
        self.link = Link(Where(folder), make_wire(), RealtimeClock(), monotonic_ns)

    async def open(self):
        roles = VERB_ROLES | dict.fromkeys(("think", "ask"), Role.TRADE)
        self.server = BusServer(
            make_wire(), tokens=self.tokens, handler=self.handle, snapshot=self.state.snapshot,
            clock=RealtimeClock(), session="s1", mode="SIM", verbs=roles,
        )  # fmt: skip
        port = await self.server.start()
        told = json.dumps({"pid": 1, "host": "127.0.0.1", "port": port, "mode": "SIM"})
        (self.folder / "daemon.json").write_text(told)

    async def handle(self, verb, args, peer, role):
        self.asked.append((verb, args, role))
        answer = self.answers.get(verb, {"ok": True, "code": "SENT", "text": "done", "fix": ""})
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return await answer()
        return answer


async def until(link, wanted):
    async with asyncio.timeout(5):
        while not wanted():
            await link.changed.wait()
            link.changed.clear()


@contextlib.asynccontextmanager
async def running(link):
    task = asyncio.create_task(link.run())
    yield link
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def bus(tmp_path, builders):
    bus = Bus(tmp_path, builders.filled_state())
    await bus.open()
    async with running(bus.link):
        yield bus
        await bus.server.stop(0)


async def test_a_screen_begins_with_the_snapshot_and_follows_the_events(bus, builders):
    await until(bus.link, lambda: bus.link.is_live)
    assert bus.link.state.orders.keys() == bus.state.orders.keys()
    assert bus.link.line.live
    bus.server.publish("orders", builders.order(77))
    await until(bus.link, lambda: len(bus.link.state.orders) == 3)


async def test_questions_are_answered_with_the_role_of_the_token(bus):
    await until(bus.link, lambda: bus.link.is_live)
    outcome = await bus.link.ask("order", {"command": {}})
    assert (outcome.ok, outcome.code) == (True, "SENT")
    assert bus.asked[-1][2] is Role.TRADE


async def test_a_command_that_was_not_done_is_a_refusal(bus):
    bus.answers["order"] = {"ok": False, "code": "max_notional", "text": "too much", "fix": "less",
                            "exit": 6}  # fmt: skip
    bus.answers["kill"] = RfError("no", code="RF-X-001", detail="why", fix="this")
    await until(bus.link, lambda: bus.link.is_live)
    order, kill = await bus.link.ask("order", {}), await bus.link.ask("kill", {})
    assert (order.ok, order.code, order.text, order.fix) == (
        False, "max_notional", "too much", "less",
    )  # fmt: skip
    assert (kill.ok, kill.code, kill.text, kill.detail, kill.fix, kill.reached) == (
        False, "RF-X-001", "no", "why", "this", True,
    )  # fmt: skip


async def test_a_question_to_a_model_has_a_patience_of_its_own(bus, monkeypatch):
    await until(bus.link, lambda: bus.link.is_live)

    async def later():
        await asyncio.sleep(0.3)

    bus.answers["ask"] = later
    assert (await bus.link.ask("ask", {})).reached
    monkeypatch.setitem(PATIENCE_S, "ask", 0.05)
    outcome = await bus.link.ask("ask", {})
    assert (outcome.ok, outcome.reached) == (False, False)


async def test_every_stage_and_view_of_the_thinkers_crosses_the_bus(bus, builders):
    await until(bus.link, lambda: bus.link.is_live)
    told = (
        builders.quant(cycle_id="c9"), builders.swarm(cycle_id="c9", seed=2**63 - 1),
        builders.graph(cycle_id="c9"), builders.analyst(cycle_id="c9"),
        builders.gate(cycle_id="c9"), builders.outcome(cycle_id="c9"), builders.rules(),
    )  # fmt: skip
    for event in told:
        bus.server.publish("state", event)
    minds = bus.link.state.minds
    await until(bus.link, lambda: minds.view == told[-1])
    cycle = bus.link.state.minds.cycles["sim:AAPL", "c9"]
    assert (cycle.quant, cycle.swarm, cycle.gate, cycle.outcome) == (
        told[0], told[1], told[4], told[5],
    )  # fmt: skip
    latest = bus.link.state.minds.latest["sim:AAPL"]
    assert (latest.graph, latest.analyst) == (told[2], told[3])


async def test_resume_goes_over_a_connection_of_its_own_with_the_daemons_token(bus):
    await until(bus.link, lambda: bus.link.is_live)
    outcome = await bus.link.ask("resume", {"phrase": "go"})
    assert outcome.ok
    assert bus.asked[-1] == ("resume", {"phrase": "go"}, Role.ADMIN)
    (bus.folder / "admin.token").unlink()
    outcome = await bus.link.ask("resume", {"phrase": "go"})
    assert not outcome.ok
    assert "admin.token" in outcome.text


async def test_a_lost_daemon_is_noticed_and_found_again_on_another_port(bus):
    await until(bus.link, lambda: bus.link.is_live)
    await bus.server.stop(0)
    await until(bus.link, lambda: not bus.link.is_live)
    line = bus.link.line
    assert not line.live
    assert line.reason
    assert bus.link.state.link.reason
    outcome = await bus.link.ask("order", {})
    assert (outcome.ok, outcome.code, outcome.reached) == (False, "OFFLINE", True)
    assert "nothing was sent" in outcome.text
    await bus.open()
    bus.link.retry()
    await until(bus.link, lambda: bus.link.is_live)


async def test_an_answer_that_does_not_come_leaves_the_outcome_unknown(bus):
    await until(bus.link, lambda: bus.link.is_live)

    async def hang_up():
        bus.stopping = asyncio.create_task(bus.server.stop(0))
        await asyncio.Event().wait()

    bus.answers["order"] = hang_up
    outcome = await bus.link.ask("order", {})
    assert not outcome.ok
    assert not outcome.reached
    await bus.stopping


async def test_without_a_daemon_it_keeps_trying_and_counts(tmp_path):
    create_token(tmp_path / "admin.token")
    (tmp_path / "daemon.json").write_text('{"host": "127.0.0.1", "port": 1}')
    link = Link(Where(tmp_path), make_wire(), RealtimeClock(), monotonic_ns)
    async with running(link):
        await until(link, lambda: link.line.attempt > 1)
        assert link.line.reason == "connection refused"
        assert link.line.address == "127.0.0.1:1"


async def test_a_missing_or_open_token_is_told_with_its_remedy(tmp_path):
    link = Link(Where(tmp_path), make_wire(), RealtimeClock(), monotonic_ns)
    async with running(link):
        await until(link, lambda: link.line.reason)
        assert "admin.token is missing" in link.line.reason
        assert link.line.fix == "uv run daemon"


def test_flags_win_over_the_daemons_file_and_that_over_the_usual(tmp_path):
    assert Where(tmp_path).address == ("127.0.0.1", 7001)
    (tmp_path / "daemon.json").write_text('{"host": "127.0.0.1", "port": 4711, "pid": 3}')
    assert Where(tmp_path).address == ("127.0.0.1", 4711)
    assert Where(tmp_path, "localhost", 9).address == ("localhost", 9)
    (tmp_path / "daemon.json").write_text("garbage")
    assert Where(tmp_path).address == ("127.0.0.1", 7001)


def test_only_a_daemon_of_this_machine_has_its_kill_file_here(tmp_path):
    assert Where(tmp_path).is_local
    assert Where(tmp_path, "localhost").is_local
    assert not Where(tmp_path, "10.0.0.7").is_local
    assert not Where(tmp_path, "trader.example").is_local
