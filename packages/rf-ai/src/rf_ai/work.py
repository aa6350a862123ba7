"""What the pipeline's processes compute, as functions that travel by name.

Values in, values out; what a process keeps between two calls (the graph and its index, the
analyst with its budget and calls) is kept here, once for each process.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import zlib
from collections.abc import Coroutine, Mapping, Sequence
from decimal import Decimal
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from rf_ai.budget import Budget
from rf_ai.config import AiConfig, provider_of
from rf_ai.context import NewsItem
from rf_ai.dexter import Dexter
from rf_ai.errors import AiError
from rf_ai.inputs import Inputs
from rf_ai.scorecard import score_card
from rf_ai.store import CallStore
from rf_ai.triage import Triage, Triaged
from rf_common.clock import NANOS_PER_SECOND, RealtimeClock, UnixNanos
from rf_common.errors import ConfigError
from rf_common.ids import InstrumentId, symbol_of
from rf_common.intelligence import (
    AnalystSignal,
    GraphContext,
    QuantSnapshot,
    SwarmSignal,
    VolatilityTold,
)
from rf_common.secret import Redactor, Secret

if TYPE_CHECKING:
    from rf_ai.extraction import Extracted
    from rf_ai.models.metered import MeteredModel
    from rf_ai.models.routing import Tier
    from rf_knowledge_graph import KnowledgeGraph, Linker
    from rf_swarm_sim.market import SwarmConfig
    from rf_swarm_sim.score import ScoreBook

T = TypeVar("T")

GRAPH_FILE = "graph.json"
SCORES_FILE = "mirofish.json"
CALIBRATIONS = "swarm"
"""Folder of fits, one file a symbol, as ``rf swarm calibrate --symbol`` writes them."""


def with_option_values(
    quant: QuantSnapshot, told: VolatilityTold, horizon_steps: float
) -> QuantSnapshot:
    """Return the snapshot with the Heston and the Black-Scholes value over the horizon.

    Parameters
    ----------
    quant : QuantSnapshot
        With a price and a GARCH volatility.
    told : VolatilityTold
        The session's variance model.
    horizon_steps : float
        Samples until the options would expire.

    Notes
    -----
    GARCH(1,1) has a diffusion limit (Nelson 1990) whose variance reverts at ``1 - alpha - beta``
    a step to the long-run level and is moved by ``alpha sqrt(2) v`` a step. The Heston model has
    the same present and long-run variance and the same speed; its volatility of volatility is
    matched at the long-run level, its correlation is 0. Both options are at the money, of an
    asset without carry.
    """
    from rf_pricing import HestonParams, bsm_price
    from rf_pricing.heston import heston_implied_vol

    px, vol = quant.px, quant.garch_vol
    if px is None or vol is None:
        return quant
    steps, tau = told.steps_per_year, horizon_steps / told.steps_per_year
    theta = told.long_run * steps
    model = HestonParams(
        v0=told.variance * steps,
        kappa=max(1.0 - told.alpha - told.beta, 1e-6) * steps,
        theta=theta,
        sigma=told.alpha * sqrt(2.0 * steps) * sqrt(theta),
        rho=0.0,
    )
    return msgspec.structs.replace(
        quant,
        heston_vol=float(heston_implied_vol(model, px, px, tau)),
        bsm_value=float(bsm_price(px, px, tau, vol)),
    )


# --- the swarm ------------------------------------------------------------------------------------


def swarm(
    quant: QuantSnapshot,
    history: Sequence[float],
    config: AiConfig,
    *,
    sample_s: float,
    steps_per_year: float,
    folder: Path,
) -> SwarmSignal:
    """Return what the simulated market makes of the session's sampled prices.

    One round is one sample, so both look `config.horizon_s` ahead. A market of agents works at
    the scale it was tuned for, a minute a round: the history is shown to it in units of its own
    deviation, and what it says is in shares of that deviation, whatever the sample's length. The
    seed comes from the instrument and the time of the snapshot. Forecasts are kept in `folder`
    and scored when their horizon has passed.
    """
    from rf_swarm_sim.mirofish import band_of
    from rf_swarm_sim.signal import forecast_of, swarm_signal, with_score

    name, now = quant.instrument_id, quant.ts_event
    book = _scores(folder)
    if quant.px is not None:
        book.settle(name, now, quant.px)
    rounds = max(round(config.horizon_s / sample_s), 1)
    market, is_fitted = _market_of(name, folder, config.swarm_agents)
    shown, scale = _scaled(history, market.round_vol())
    told = swarm_signal(
        quant.cycle_id,
        name,
        now,
        history=shown,
        config=market,
        seed=zlib.crc32(f"{name} {now}".encode()),
        paths=config.swarm_paths,
        rounds=rounds,
        calibrated=is_fitted,
    )
    if not told.unavailable:
        per_round = told.vol / market.annual_vol * market.round_vol() / scale
        told = msgspec.structs.replace(told, vol=per_round * sqrt(steps_per_year))
        horizon_ns = round(rounds * sample_s * NANOS_PER_SECOND)
        band = band_of(history, horizon=rounds)
        book.add(forecast_of(told, horizon_ns=horizon_ns, band=band))
    _keep(folder / SCORES_FILE, msgspec.json.encode(book.state()))
    return with_score(told, book)


def _market_of(name: InstrumentId, folder: Path, agents: int) -> tuple[SwarmConfig, bool]:
    """Return the market that was fitted to the symbol's history, else the default one."""
    from rf_swarm_sim.calibration import Calibration
    from rf_swarm_sim.market import SwarmConfig

    path = folder / CALIBRATIONS / f"{symbol_of(name)}.json"
    if not path.is_file():
        return SwarmConfig.twin(agents=agents), False
    fit = Calibration.from_state(msgspec.json.decode(path.read_bytes()))
    return fit.config.with_(agents=agents), True


def _scaled(history: Sequence[float], round_vol: float) -> tuple[Sequence[float], float]:
    """Return prices whose log returns have the deviation `round_vol`, and the factor on them.

    The last price stays. A history that cannot be scaled comes back as it is.
    """
    import numpy as np

    px = np.asarray(history, dtype=np.float64)
    if px.size < 3 or not (np.isfinite(px).all() and (px > 0.0).all()):
        return history, 1.0
    logs = np.log(px)
    deviation = float(np.diff(logs).std())
    if deviation <= 0.0:
        return history, 1.0
    factor = round_vol / deviation
    scaled: list[float] = (px[-1] * np.exp((logs - logs[-1]) * factor)).tolist()
    return scaled, factor


_kept: dict[Path, Any] = {}


def _scores(folder: Path) -> ScoreBook:
    from rf_swarm_sim.score import ScoreBook

    path = folder / SCORES_FILE
    if path not in _kept:
        _kept[path] = ScoreBook()
        with contextlib.suppress(OSError, ValueError, msgspec.DecodeError):
            _kept[path] = ScoreBook.from_state(msgspec.json.decode(path.read_bytes()))
    book: ScoreBook = _kept[path]
    return book


def _keep(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


# --- the graph ------------------------------------------------------------------------------------


def graph(quant: QuantSnapshot, folder: Path) -> GraphContext:
    """Return what the data folder's graph, or the seed graph, knows about the instrument."""
    from rf_knowledge_graph.context import context_for

    known, linker = _graph(folder.parent / GRAPH_FILE)
    return context_for(known, quant.instrument_id, quant.cycle_id, quant.ts_event, linker=linker)


def _graph(path: Path) -> tuple[KnowledgeGraph, Linker]:
    """Return graph and index, read again when the file changed."""
    from rf_knowledge_graph import Linker, seed_graph
    from rf_knowledge_graph.codec import load

    stamp = path.stat().st_mtime_ns if path.exists() else 0
    kept = _kept.get(path)
    if kept is None or kept[0] != stamp:
        found = load(path.read_bytes()) if stamp else seed_graph()
        kept = _kept[path] = (stamp, found, Linker(found))
    return kept[1], kept[2]


# --- the analyst ----------------------------------------------------------------------------------


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """What was spent and how good the opinions were; the fields of the screens' view."""

    spent_day: Decimal
    cap_day: Decimal
    spent_month: Decimal
    cap_month: Decimal
    calls_day: int
    estimate_usd: Decimal | None
    cache_share: float | None
    scored: int
    hit_rate: float | None
    brier: float | None
    base_brier: float | None


class AnalystStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers, why it is the rules if it is, and the money."""

    analyst: str
    model: str
    why_rules: str
    money: Money


def _seed_names() -> frozenset[str]:
    """Return names and ids that no document has made up."""
    from rf_knowledge_graph import seed_graph

    return frozenset(name for node in seed_graph().entities() for name in (node.id, node.name))


class Desk:
    """The analyst's process: models, budget and calls, and the loop that its clients live in."""

    def __init__(self, config: AiConfig, keys: Mapping[str, Secret], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.clock = RealtimeClock()
        self.budget = Budget(folder / "budget.sqlite", config)
        self.store = CallStore(folder / "calls.sqlite")
        self.triage: Triage | None = None
        self.provider = provider_of(config, has_anthropic_key=bool(keys.get("anthropic")))
        self.models: dict[Tier, MeteredModel] = {}
        self.blocked = ""
        self.estimate: Decimal | None = None
        """What the next call would cost at most; None before the first count."""
        self._redactor = Redactor(keys.values())
        self._trusted = _seed_names()
        self._loop = asyncio.new_event_loop()
        self._dexters: dict[float, Dexter] = {}
        if self.provider == "rules":
            return
        from rf_ai.models.build import build_metered

        try:
            self.models = build_metered(config, keys, self.budget, clock=self.clock)
        except (AiError, ConfigError) as error:
            self.blocked = error.message

    def dexter(self, seconds_per_year: float) -> Dexter:
        """Return the analyst for instruments with so many trading seconds in a year."""
        if seconds_per_year not in self._dexters:
            self._dexters[seconds_per_year] = Dexter(
                self.config,
                self.models,
                clock=self.clock,
                store=self.store,
                blocked=self.blocked,
                redactor=self._redactor,
                trusted_names=self._trusted,
                year_s=seconds_per_year,
            )
        return self._dexters[seconds_per_year]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end in the loop of this process."""
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        """End the loop."""
        self._loop.close()

    def status(self, now: UnixNanos, mids: Mapping[InstrumentId, float]) -> AnalystStatus:
        """Score what is due at these prices, and tell money and scores."""
        for name, px in mids.items():
            self.store.settle(name, px, now)
        report, card = self.budget.report(now), score_card(self.store.scores(2_000))
        models = sorted({metered.model.name for metered in self.models.values()})
        is_rules = not self.models
        why = self.blocked
        if is_rules and not why:
            forced = self.config.provider != "auto"
            why = "ai.provider = rules" if forced else "no ANTHROPIC_API_KEY"
        return AnalystStatus(
            analyst="rules" if is_rules else self.provider,
            model=" / ".join(models),
            why_rules=why if is_rules else "",
            money=Money(
                spent_day=report.day_usd,
                cap_day=report.caps.day_usd,
                spent_month=report.month_usd,
                cap_month=report.caps.month_usd,
                calls_day=report.calls_day,
                estimate_usd=Decimal(0) if is_rules else self.estimate,
                cache_share=report.cache_hit,
                scored=card.scored,
                hit_rate=card.hit_rate,
                brier=card.brier,
                base_brier=card.base_brier,
            ),
        )


_desks: list[Desk] = []


def prepare_analyst(config: AiConfig, keys: Mapping[str, str], folder: Path) -> None:
    """Make this process the analyst's; its keys become secrets at once."""
    secrets = {name: Secret(key) for name, key in keys.items()}
    close_analyst()
    _desks.append(Desk(config, secrets, folder))


def close_analyst() -> None:
    """End what `prepare_analyst` began."""
    while _desks:
        _desks.pop().close()


def _at_desk() -> Desk:
    if not _desks:
        raise RuntimeError("expected prepare_analyst to be called first in this process")
    return _desks[0]


def analyse(
    stages: tuple[QuantSnapshot, SwarmSignal, GraphContext],
    news: tuple[NewsItem, ...],
    seconds_per_year: float,
) -> AnalystSignal:
    """Return the analyst's opinion on one cycle, with the news about its instrument."""
    desk, (quant, swarm, graph) = _at_desk(), stages
    dexter = desk.dexter(seconds_per_year)
    signal = desk.run(dexter.analyse(quant, swarm, graph, news))
    if desk.models and not (quant.unavailable or swarm.unavailable or graph.unavailable):
        inputs = Inputs(quant=quant, swarm=swarm, graph=graph, news=news)
        with contextlib.suppress(AiError):
            desk.estimate = desk.run(dexter.estimate(inputs)).worst_usd
    return signal


def analyst_status(now: UnixNanos, mids: Mapping[InstrumentId, float]) -> AnalystStatus:
    """Return who answers, what was spent, how good it was."""
    return _at_desk().status(now, mids)


def ask(
    stages: tuple[QuantSnapshot, SwarmSignal, GraphContext],
    question: str,
    seconds_per_year: float,
) -> dict[str, Any]:
    """Return the answer to a person's question about one cycle, as plain data."""
    desk = _at_desk()
    quant, swarm, graph = stages
    inputs = Inputs(quant=quant, swarm=swarm, graph=graph)
    reply = desk.run(desk.dexter(seconds_per_year).ask(inputs, question))
    shown: dict[str, Any] = msgspec.to_builtins(reply)
    return {**shown, "ok": not reply.unavailable, "text": reply.answer or reply.unavailable}


# --- news -----------------------------------------------------------------------------------------


class NewsRead(msgspec.Struct, frozen=True, kw_only=True):
    """One item after triage: the instruments it is about, and what the graph learned from it."""

    triaged: Triaged
    instruments: tuple[InstrumentId, ...]
    statements: int
    learned: str


def read_news(item: NewsItem, names: Sequence[InstrumentId], folder: Path) -> NewsRead:
    """Sort one item, find whom it is about, and let the graph in `folder` grow by it.

    When there is a cheap model, it sorts what is about one of `names` and reads its statements;
    else, and where the model fails, the word list and the rules do. Statements are kept with the
    item as their source, and `learned` says who read them; a text that reads like an order to a
    model teaches the graph nothing.
    """
    desk = _at_desk()
    from rf_knowledge_graph.codec import save

    known, linker = _graph(folder.parent / GRAPH_FILE)
    desk.triage = desk.triage or Triage(linker)
    mentioned = linker.entities_in(f"{item.headline} - {item.body}")
    about = tuple(name for name in names if _stands_for(linker, name) in mentioned)
    if about and desk.models:
        caller = desk.dexter(1.0).caller
        asked = desk.triage.ask(item, caller, about[0], nonce=secrets.token_hex(12))
        triaged = desk.run(asked)
    else:
        (triaged,) = desk.triage.sort((item,))
    if triaged.withheld:
        return NewsRead(triaged=triaged, instruments=about, statements=0, learned="withheld")
    statements, learned = _learn(item, known, linker, triaged=triaged, about=about)
    if statements:
        _keep(folder.parent / GRAPH_FILE, save(known))
    return NewsRead(triaged=triaged, instruments=about, statements=statements, learned=learned)


def _stands_for(linker: Linker, name: InstrumentId) -> str:
    return linker.resolve(name).entity_id


def _learn(
    item: NewsItem,
    known: KnowledgeGraph,
    linker: Linker,
    *,
    triaged: Triaged,
    about: Sequence[InstrumentId],
) -> tuple[int, str]:
    """Merge what was read into the graph; return how many statements, their words, and by whom."""
    try:
        found = _extracted(item, linker, triaged=triaged, about=about)
        read = found.ontology
        if not read.edges and not any(entity.sentiment for entity in read.entities):
            return 0, f"nothing, {found.by}"
        report = read.merge_into(known, ts=item.ts_event, linker=linker)
    except ValueError as error:
        return 0, f"nothing: {error}"
    words = [
        f"{edge.from_id} {'denied: ' if edge.negated else ''}{edge.relationship} {edge.to_id}"
        for edge in read.edges
    ]
    told = "; ".join(words) or f"sentiment of {', '.join(report.known)}"
    return max(report.edges, 1), f"{told}, {found.by}"


def _extracted(
    item: NewsItem, linker: Linker, *, triaged: Triaged, about: Sequence[InstrumentId]
) -> Extracted:
    """Ask the model for the statements of what is about one of ours, new, and could be sorted."""
    from rf_ai.extraction import by_rules, extract_with

    desk = _at_desk()
    if not about or not desk.models or triaged.same_as:
        return by_rules(item, linker)
    if triaged.unavailable:
        return by_rules(item, linker, why=triaged.unavailable)
    caller, nonce = desk.dexter(1.0).caller, secrets.token_hex(12)
    asked = extract_with(caller, item, instrument_id=about[0], nonce=nonce, linker=linker)
    return desk.run(asked)
