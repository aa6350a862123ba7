import pytest

from rf_knowledge_graph import EntityType, Linker, Source, context_for, seed_graph
from rf_knowledge_graph.seed import core_statements

MOCK = (
    ("AAPL", "APPLE"), ("NVDA", "NVIDIA"), ("TSLA", "TESLA"), ("MSFT", "MICROSOFT"),
    ("AMZN", "AMAZON"), ("META", "META"), ("SPY", "SPY"), ("QQQ", "QQQ"), ("BTCUSDT", "BTC"),
    ("ETHUSDT", "ETH"), ("SOLUSDT", "SOL"), ("PM:FED-DEC", "FED_DECEMBER_DECISION"),
    ("PM:BTC-15M", "BTC_15_MINUTES"),
)  # fmt: skip

# What the inventory of features lists, typed in again by hand.
PROMISED = {
    ("TSMC", "Supplies", "NVIDIA"): (0.95, None),
    ("TSMC", "Supplies", "APPLE"): (0.95, None),
    ("TSMC", "Supplies", "AMD"): (0.90, None),
    ("SAMSUNG", "Supplies", "QUALCOMM"): (0.70, None),
    ("NVIDIA", "Competes", "AMD"): (0.85, None),
    ("NVIDIA", "Competes", "INTEL"): (0.60, None),
    ("APPLE", "Competes", "GOOGLE"): (0.80, None),
    ("APPLE", "Competes", "MICROSOFT"): (0.65, None),
    ("FED_FUNDS_RATE", "Affects", "NASDAQ"): (0.90, -0.75),
    ("FED_FUNDS_RATE", "Affects", "TREASURY_10Y"): (0.95, 0.85),
    ("TREASURY_10Y", "Affects", "SP500"): (0.80, -0.65),
    ("OIL_WTI", "Affects", "AIRLINES"): (0.88, -0.80),
    ("OIL_WTI", "Affects", "ENERGY_SECTOR"): (0.92, 0.88),
    ("DXY", "Affects", "GOLD"): (0.85, -0.72),
    ("DXY", "Affects", "EMERGING_MARKETS"): (0.80, -0.70),
    ("META", "RegulatedBy", "FTC"): (0.90, None),
    ("GOOGLE", "RegulatedBy", "EU_COMPETITION"): (0.90, None),
    ("NVIDIA", "RegulatedBy", "BIS_EXPORT"): (0.85, None),
    ("BTC", "Correlates", "NASDAQ"): (0.65, 0.55),
    ("BTC", "Correlates", "GOLD"): (0.40, 0.30),
} | {
    (company, "PartOf", "TECHNOLOGY_SECTOR"): (1.0, None)
    for company in ("NVIDIA", "AMD", "INTEL", "TSMC", "APPLE", "MICROSOFT", "GOOGLE", "META")
} | {
    (bank, "PartOf", "FINANCIALS_SECTOR"): (1.0, None)
    for bank in ("JPMORGAN", "GOLDMAN_SACHS", "MORGAN_STANLEY", "WELLS_FARGO")
}  # fmt: skip


def test_the_seed_holds_every_promised_statement_with_its_weight_and_correlation():
    graph = seed_graph()
    found = {
        (e.source_id, e.kind.value, e.target_id): (e.weight, e.correlation)
        for e in graph.relationships()
    }
    assert {key: found.get(key) for key in PROMISED} == PROMISED
    assert {(a, k, b): (w, c) for a, k, b, w, c in core_statements()} == PROMISED


@pytest.mark.parametrize(("symbol", "entity"), MOCK)
def test_every_simulated_symbol_resolves_and_has_a_context(symbol, entity):
    graph = seed_graph()
    linker = Linker(graph)
    for text in (symbol, f"sim:{symbol}"):
        assert linker.resolve(text).entity_id == entity
    found = context_for(graph, f"sim:{symbol}", "c1", 5, linker=linker)
    assert found.unavailable == ""
    assert found.entity_id == entity
    assert len(found.facts) >= 3
    # An event contract follows others and moves nobody.
    assert bool(found.impacts) != symbol.startswith("PM:")
    assert found.narrative


def test_every_name_of_the_seed_belongs_to_one_entity_or_is_known_to_be_ambiguous():
    graph = seed_graph()
    linker = Linker(graph)
    doubtful = set()
    for node in graph.entities():
        for name in (node.id, node.name, node.ticker, *node.aliases, *node.venue_symbols):
            if name and linker.resolve(name).entity_id != node.id:
                doubtful.add(name)
    assert doubtful == {"Morgan"}


def test_the_seed_is_undated_typed_and_the_same_each_time():
    one, other = seed_graph(), seed_graph()
    assert list(one.relationships()) == list(other.relationships())
    assert not one.by_type(EntityType.UNKNOWN)
    assert {e.evidence[0].source for e in one.relationships()} == {Source.SEED}
    assert {e.ts_last for e in one.relationships()} == {0}
    one.upsert_entity(one.require("NVIDIA").__class__(id="NEW_ONE", name="New"))
    assert "NEW_ONE" not in other


def test_every_entity_of_the_seed_has_a_context():
    graph = seed_graph()
    linker = Linker(graph)
    without = [
        node.id
        for node in graph.entities()
        if context_for(graph, node.id, "c", 1, linker=linker).unavailable
    ]
    assert without == []
