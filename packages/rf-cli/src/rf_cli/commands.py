"""The table of commands: where each one is, what it does, how it is called.

Nothing here is imported before its command is called.
"""

from __future__ import annotations

from typing import NamedTuple

SUMMARY = "The command line of the house: data on stdout, --json everywhere."

OPTIONS = {
    "--json": "Print one JSON object.",
    "--data-dir": "The daemon's folder; default RF_DATA_DIR, data_dir of rf.toml, rf-data.",
    "--config": "Settings file; default rf.toml of the working folder.",
    "--timeout": "How long to wait for the daemon, seconds; default 5.",
    "--version": "Show the version.",
}
"""What may stand before or behind every command."""


class Entry(NamedTuple):
    """One command: its words, where its function is, what it does, how it is called."""

    path: str
    target: str
    summary: str
    examples: tuple[str, ...]


GROUPS = {
    "order": "Place, list and cancel orders.",
    "strategy": "List, switch and swap strategies.",
    "risk": "Show limits; try an order; measure VaR and volatility of a file.",
    "price": "Price options; find volatilities; draw what they depend on.",
    "backtest": "Simulate strategies over history; keep, compare and doubt the results.",
    "graph": "Ask the knowledge graph, add to it, draw it.",
    "swarm": "Simulate a market of agents; hit it, fit it, score it.",
    "ai": "Ask the analyst; what it said, cost, and was worth.",
    "journal": "List, show, verify and measure the journal.",
    "config": "Check and show the settings.",
    "daemon": "Look at the daemon's process; stop it.",
}

COMMANDS = (
    Entry(
        "status",
        "rf_cli.status:status",
        "Show mode, state, money, feeds and counts.",
        ("rf status", "rf status --json"),
    ),
    Entry(
        "positions",
        "rf_cli.status:positions",
        "Show what is held and what it is worth.",
        ("rf positions", "rf positions --json"),
    ),
    Entry(
        "order buy",
        "rf_cli.orders:buy",
        "Buy; the order passes the same risk checks as any other.",
        ("rf order buy BTCUSDT 0.01 --limit 60000", "rf order buy BTCUSDT 0.01 --limit 1 --check"),
    ),
    Entry(
        "order sell",
        "rf_cli.orders:sell",
        "Sell; the order passes the same risk checks as any other.",
        (
            "rf order sell BTCUSDT 0.01 --limit 60000 --reduce-only",
            "rf order sell BTCUSDT 0.01 --stop 59000",
        ),
    ),
    Entry(
        "order list",
        "rf_cli.orders:list_orders",
        "List open orders.",
        ("rf order list", "rf order list --all --json"),
    ),
    Entry(
        "order cancel",
        "rf_cli.orders:cancel",
        "Cancel one order, or all.",
        ("rf order cancel RF-S-K7QW3ZPA-00000001", "rf order cancel --all --yes"),
    ),
    Entry(
        "kill",
        "rf_cli.kill:kill",
        "Refuse new orders and cancel what is open, at once and without a question.",
        ("rf kill", 'rf kill --reason "prices look wrong"'),
    ),
    Entry(
        "resume",
        "rf_cli.kill:resume",
        "Leave the kill switch or a loss limit; asks for the phrase that the kill showed.",
        ('rf resume --confirm "resume SIM 1"',),
    ),
    Entry(
        "why",
        "rf_cli.strategy:why",
        "Show what a strategy needed and what was there.",
        ("rf why momentum", "rf why momentum BTCUSDT"),
    ),
    Entry(
        "strategy list",
        "rf_cli.strategy:list_strategies",
        "List strategies and whether they are on.",
        ("rf strategy list", "rf strategy list --json"),
    ),
    Entry(
        "strategy enable",
        "rf_cli.strategy:enable",
        "Switch a strategy on.",
        ("rf strategy enable momentum",),
    ),
    Entry(
        "strategy disable",
        "rf_cli.strategy:disable",
        "Switch a strategy off; its open orders stay.",
        ("rf strategy disable momentum",),
    ),
    Entry(
        "strategy swap",
        "rf_cli.strategy:swap",
        "Replace a strategy's code and parameters while the engine runs.",
        (
            "rf strategy swap momentum mean_reversion",
            "rf strategy swap momentum momentum --parameters {}",
        ),
    ),
    Entry(
        "risk limits",
        "rf_cli.risk:limits",
        "Show every limit and the day's counters.",
        ("rf risk limits", "rf risk limits --json"),
    ),
    Entry(
        "risk check",
        "rf_cli.risk:check",
        "Show what each rule says of an order, without sending it.",
        ("rf risk check buy BTCUSDT 0.01 --limit 60000",),
    ),
    Entry(
        "risk var",
        "rf_cli.measure:var",
        "Measure value at risk and expected shortfall of a file of prices or returns.",
        ("rf risk var prices.csv", "rf risk var prices.csv --confidence 0.99 --plot var.html"),
    ),
    Entry(
        "risk garch",
        "rf_cli.measure:garch",
        "Fit a volatility model to a file of prices or returns and forecast it.",
        ("rf risk garch prices.csv", "rf risk garch prices.csv --model gjr --plot cone.html"),
    ),
    Entry(
        "price option",
        "rf_cli.price:option",
        "Price a European option: Black-Scholes-Merton, Black-76 or Bachelier.",
        ("rf price option 100 105 0.5 0.2 --rate 0.05", "rf price option 100 105 0.5 0.2 --put"),
    ),
    Entry(
        "price greeks",
        "rf_cli.price:greeks",
        "Show value and every derivative of a European option.",
        ("rf price greeks 100 105 0.5 0.2 --rate 0.05", "rf price greeks 100 100 1 0.2 --json"),
    ),
    Entry(
        "price iv",
        "rf_cli.price:iv",
        "Find the implied volatility of one price, or of every row of a file.",
        ("rf price iv 6.89 100 105 0.5 --rate 0.05", "rf price iv --file quotes.csv --plot s.html"),
    ),
    Entry(
        "price american",
        "rf_cli.price:american",
        "Price an American option and what early exercise is worth.",
        ("rf price american 100 105 0.5 0.2 --rate 0.05 --put",),
    ),
    Entry(
        "price heston",
        "rf_cli.price:heston",
        "Price with Heston's stochastic volatility, or calibrate it to a file of quotes.",
        (
            "rf price heston 100 105 0.5 --v0 0.04 --kappa 2 --theta 0.04 --sigma 0.5 --rho -0.7",
            "rf price heston 100 --calibrate quotes.csv --plot surface.html",
        ),
    ),
    Entry(
        "price mc",
        "rf_cli.price:mc",
        "Price by Monte Carlo, with its standard error.",
        ("rf price mc 100 100 1 0.2 --payoff asian --paths 100000 --seed 1",),
    ),
    Entry(
        "price warm",
        "rf_cli.warm:warm",
        "Compile every pricing kernel now; later commands load them from a cache.",
        ("rf price warm",),
    ),
    Entry(
        "signals",
        "rf_cli.signals:signals",
        "Compute indicators over a file of bars.",
        (
            "rf signals bars.csv --indicators rsi,macd",
            "rf signals bars.parquet --indicators bb:20:2",
        ),
    ),
    Entry(
        "replay",
        "rf_cli.replay:replay",
        "Run a recorded session through a fresh engine and compare every decision.",
        ("rf replay latest", "rf replay latest --until 1"),
    ),
    Entry(
        "backtest run",
        "rf_cli.backtest.run:run",
        "Run a strategy over history and keep everything about it.",
        (
            "rf backtest run momentum --data aapl.csv",
            "rf backtest run --from-run bt-0001",
        ),
    ),
    Entry(
        "backtest list",
        "rf_cli.backtest.looks:list_runs",
        "List the runs, sweeps and walks that are kept.",
        ("rf backtest list",),
    ),
    Entry(
        "backtest show",
        "rf_cli.backtest.looks:show",
        "Show a kept run.",
        ("rf backtest show bt-0001",),
    ),
    Entry(
        "backtest trades",
        "rf_cli.backtest.looks:trades",
        "Show the closed trades of a run.",
        ("rf backtest trades latest --last 10",),
    ),
    Entry(
        "backtest report",
        "rf_cli.backtest.looks:report",
        "Tell where the page of a run is, or open it.",
        ("rf backtest report bt-0001 --open",),
    ),
    Entry(
        "backtest compare",
        "rf_cli.backtest.compare:compare",
        "Line up two runs, or a run and a recorded session.",
        (
            "rf backtest compare bt-0001 bt-0002",
            "rf backtest compare bt-0001 --session latest",
        ),
    ),
    Entry(
        "backtest bias",
        "rf_cli.backtest.bias:bias",
        "Find out whether a strategy knows the future.",
        ("rf backtest bias momentum --data aapl.csv --warm-up 60",),
    ),
    Entry(
        "backtest walk",
        "rf_cli.backtest.walk:walk",
        "Fit a grid inside each fold, test on what came next.",
        ("rf backtest walk momentum --data aapl.csv --grid period=10:50:10",),
    ),
    Entry(
        "backtest sweep",
        "rf_cli.backtest.sweep:sweep",
        "Run a strategy with every parameter set of a grid.",
        (
            "rf backtest sweep momentum --data aapl.csv --grid period=5:50:5 --jobs 2",
            "rf backtest sweep momentum --data aapl.csv --grid period=5:200:1 --optuna 40",
            "rf backtest sweep --resume sw-0001",
        ),
    ),
    Entry(
        "backtest check",
        "rf_cli.backtest.check:check",
        "Look for gaps and bad rows in bars, and for missing sessions.",
        ("rf backtest check --data aapl.csv --calendar XNYS",),
    ),
    Entry(
        "backtest scan",
        "rf_cli.backtest.scan:scan",
        "Try thousands of parameter sets of a compiled rule.",
        ("rf backtest scan sma_cross --data aapl.csv --grid fast=5:50:5 --grid slow=60:200:10",),
    ),
    Entry(
        "backtest mc",
        "rf_cli.backtest.mc:mc",
        "Draw what the same returns and trades could have come to.",
        ("rf backtest mc bt-0001",),
    ),
    Entry(
        "backtest audit",
        "rf_cli.backtest.audit:audit",
        "Put a strategy through eight layers of doubt.",
        ("rf backtest audit momentum --data aapl.csv --grid period=10:50:10",),
    ),
    Entry(
        "graph query",
        "rf_cli.graph:query",
        "Ask for what the graph knows of an entity, or search it with a question.",
        ("rf graph query NVDA", 'rf graph query "who makes chips for Nvidia?" --top 5'),
    ),
    Entry(
        "graph add",
        "rf_cli.graph:add",
        "Add a statement to the graph and save it.",
        (
            'rf graph add NVDA "partners with" Acme --weight 0.6',
            "rf graph add TSMC supplies NVDA --denied",
        ),
    ),
    Entry(
        "graph path",
        "rf_cli.graph:path",
        "Show how two entities hang together, shortest and strongest first.",
        ("rf graph path ASML Microsoft", "rf graph path OPEC airlines --hops 3"),
    ),
    Entry(
        "graph shock",
        "rf_cli.graph:shock",
        "Show whom a shock of one entity would reach, and which way.",
        ("rf graph shock oil 0.1", "rf graph shock FED_FUNDS_RATE 0.25 --hops 3"),
    ),
    Entry(
        "graph show",
        "rf_cli.graph:show",
        "Show an entity and its neighbourhood as a tree, or as a picture.",
        ("rf graph show AAPL", "rf graph show AAPL --hops 1 --plot apple.html"),
    ),
    Entry(
        "graph export",
        "rf_cli.graph:export",
        "Write the graph as JSON, or as entities.csv and edges.csv.",
        ("rf graph export graph.json", "rf graph export tables"),
    ),
    Entry(
        "graph import",
        "rf_cli.graph:import_graph",
        "Read a graph from JSON or CSV tables and save it; all of it or nothing.",
        ("rf graph import edges.csv", "rf graph import edges.csv --check"),
    ),
    Entry(
        "swarm run",
        "rf_cli.swarm:run",
        "Simulate a market of agents; show its facts, profits and speed.",
        (
            "rf swarm run --agents 5000 --paths 64 --out swarm.html",
            "rf swarm run --history closes.csv --rounds-per-day 1",
        ),
    ),
    Entry(
        "swarm scenario",
        "rf_cli.swarm:scenario",
        "Show what an event does to a simulated market.",
        ("rf swarm scenario list", "rf swarm scenario flash_crash pct=10 --agents 5000"),
    ),
    Entry(
        "swarm calibrate",
        "rf_cli.swarm:calibrate",
        "Fit the mix and the intensities of agents to a history.",
        (
            "rf swarm calibrate closes.csv --out fit.json",
            "rf swarm calibrate closes.csv --budget 400 --resume fit.json --out fit.json",
        ),
    ),
    Entry(
        "swarm score",
        "rf_cli.swarm:score",
        "Score the Mirofish forecast over a history against the base rate.",
        ("rf swarm score closes.csv --horizon 5",),
    ),
    Entry(
        "swarm assets",
        "rf_cli.swarm:assets",
        "Give a verdict on the simulated market of each of several assets.",
        ("rf swarm assets --symbols SPY,QQQ",),
    ),
    Entry(
        "swarm interview",
        "rf_cli.swarm:interview",
        "Ask an agent of a simulated market what it did and why.",
        ("rf swarm interview 5 --agents 2000",),
    ),
    Entry(
        "ai analyse",
        "rf_cli.ai:analyse",
        "Ask the analyst for an opinion, with its rows, its checks and its cost.",
        ("rf ai analyse AAPL", "rf ai analyse --context cycle.json --rules"),
    ),
    Entry(
        "ai ask",
        "rf_cli.ai:ask",
        "Ask a question about an instrument; the answer cites its rows.",
        ('rf ai ask AAPL "how is the book?"',),
    ),
    Entry(
        "ai news",
        "rf_cli.thinkers:news",
        "Tell the thinkers a headline or a filing.",
        ('rf ai news "Apple raises its guidance" --source wire',),
    ),
    Entry(
        "ai impact",
        "rf_cli.thinkers:impact",
        "Show what a shock of an instrument would mean for others.",
        ("rf ai impact AAPL",),
    ),
    Entry(
        "ai accept",
        "rf_cli.thinkers:accept",
        "Send the order of the newest verdict, where the settings say ask.",
        ("rf ai accept AAPL 6a1f2c3b-4",),
    ),
    Entry(
        "ai show",
        "rf_cli.ai:show",
        "Show the last calls, or one with every row and check.",
        ("rf ai show", "rf ai show latest --inputs"),
    ),
    Entry(
        "ai cost",
        "rf_cli.ai:cost",
        "Show what the analyst spent this month.",
        ("rf ai cost", "rf ai cost --by model"),
    ),
    Entry(
        "ai budget",
        "rf_cli.ai:budget",
        "Show the budget, or set its caps.",
        ("rf ai budget", "rf ai budget --day 3.00"),
    ),
    Entry(
        "ai score",
        "rf_cli.ai:score",
        "Show how often the analyst was right, beside the base rate.",
        ("rf ai score", "rf ai score --days 30"),
    ),
    Entry(
        "ai replay",
        "rf_cli.ai:replay",
        "Show the same rows to another model, side by side.",
        ("rf ai replay latest --model rules",),
    ),
    Entry(
        "journal list",
        "rf_cli.journal:list_sessions",
        "List the recorded sessions.",
        ("rf journal list", "rf journal list --json"),
    ),
    Entry(
        "journal verify",
        "rf_cli.journal:verify_sessions",
        "Verify the hash chain of a session; all of them when none is named.",
        ("rf journal verify", "rf journal verify latest"),
    ),
    Entry(
        "journal show",
        "rf_cli.journal_rows:show",
        "Show recorded rows of a session, by kind.",
        ("rf journal show", "rf journal show latest --only OrderFilled --last 5"),
    ),
    Entry(
        "journal size",
        "rf_cli.journal:size",
        "Show how large the journal is and how fast it grows.",
        ("rf journal size", "rf journal size --json"),
    ),
    Entry(
        "doctor",
        "rf_cli.doctor:doctor",
        "Check the health of this machine and of the last session.",
        ("rf doctor", "rf doctor --json"),
    ),
    Entry(
        "config check",
        "rf_cli.settings_check:check",
        "Check every setting; nothing is started.",
        ("rf config check", "rf config check --json"),
    ),
    Entry(
        "config show",
        "rf_cli.settings_check:show",
        "Show every setting; secrets are masked.",
        ("rf config show", "rf config show --origin"),
    ),
    Entry(
        "demo",
        "rf_cli.demo:demo",
        "Run the mock market in a temporary folder: no key, no network.",
        ("rf demo", "rf demo --once --json"),
    ),
    Entry(
        "daemon status",
        "rf_cli.daemon:status",
        "Show whether the daemon runs and where.",
        ("rf daemon status", "rf daemon status --json"),
    ),
    Entry(
        "daemon stop",
        "rf_cli.daemon:stop",
        "Stop the daemon; its open orders are cancelled.",
        ("rf daemon stop", "rf daemon stop --keep-orders"),
    ),
    Entry("version", "rf_cli.version:version", "Show the version.", ("rf version",)),
)


def front_page() -> str:
    """Return what ``rf --help`` prints: every command and every global option."""
    rows = [(entry.path, entry.summary) for entry in COMMANDS]
    lines = ["Usage: rf COMMAND [OPTIONS]", "", SUMMARY, "", "Commands:"]
    lines += [f"  {name:<18}{text}" for name, text in rows]
    lines += ["", "Global options:"]
    lines += [f"  {name:<18}{text}" for name, text in OPTIONS.items()]
    lines += ["", "rf COMMAND --help shows arguments, options and examples of a command."]
    return "\n".join(lines)
