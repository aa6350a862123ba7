import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_knowledge_graph import EntityNode, EntityType, Linker, seed_graph

GRAPH = seed_graph()
LINKER = Linker(GRAPH)


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("NVDA", "NVIDIA"), ("nvda", "NVIDIA"), ("$NVDA", "NVIDIA"), ("NVIDIA", "NVIDIA"),
        ("nvidia corporation", "NVIDIA"), ("mock:NVDA", "NVIDIA"), ("alpaca:NVDA", "NVIDIA"),
        ("BTCUSDT", "BTC"), ("binance:BTCUSDT", "BTC"), ("BTC-USD", "BTC"), ("BTC/USDT", "BTC"),
        ("binance:ETHBTC", "ETH"), ("SOLUSDC", "SOL"), ("XAUUSD", "GOLD"), ("Bitcoin", "BTC"),
        ("GOOG", "GOOGLE"), ("Google", "GOOGLE"), ("alphabet", "GOOGLE"), ("TSM", "TSMC"),
        ("Taiwan Semiconductor", "TSMC"), ("brk.b", "BERKSHIRE_HATHAWAY"), ("IT", "GARTNER"),
        ("ALL", "ALLSTATE"), ("S&P 500", "SP500"), ("J.P. Morgan", "JPMORGAN"),
        ("GS", "GOLDMAN_SACHS"), ("MS", "MORGAN_STANLEY"), ("WFC", "WELLS_FARGO"),
        ("XOM", "EXXON"), ("  tsla ", "TESLA"),
    ],
)  # fmt: skip
def test_tickers_names_aliases_and_symbols_of_venues_resolve(text, entity):
    assert LINKER.resolve(text).entity_id == entity


def test_an_ambiguous_name_returns_candidates_and_no_guess():
    found = LINKER.resolve("Morgan")
    assert found.entity_id == ""
    assert found.is_ambiguous
    assert [c.entity_id for c in found.candidates] == ["JPMORGAN", "MORGAN_STANLEY"]
    assert 0 < sum(c.score for c in found.candidates) <= 1
    mention = LINKER.mentions("Morgan cut its forecast")[0]
    assert mention.entity_id == ""
    assert len(mention.candidates) == 2


def test_a_name_nobody_knows_gives_similar_ones_and_is_not_called_ambiguous():
    found = LINKER.resolve("sim:Nvidea")
    assert found.entity_id == ""
    assert not found.is_ambiguous
    assert found.candidates[0].entity_id == "NVIDIA"
    assert LINKER.resolve("zzqx").candidates == ()
    assert LINKER.resolve("").candidates == ()


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("Nvidia's chips come from Taiwan Semiconductor", ["NVIDIA", "TSMC"]),
        ("an apple a day and an apple pie", []),
        ("Apple pie for everybody", []),
        ("Apple rises", ["APPLE"]),
        ("ALL of IT is ON sale", []),
        ("Allstate (NYSE: ALL) and $IT", ["ALLSTATE", "ALLSTATE", "GARTNER"]),
        ("It was on target, all agreed", []),
        ("NVDA and AMD but not nvda", ["NVIDIA", "AMD"]),
        ("oil, gold and bitcoin fall", ["OIL_WTI", "GOLD", "BTC"]),
        ("she won a gold medal", []),
        ("U.S. inflation", ["UNITED_STATES", "CPI"]),
        ("give us more", []),
        ("S&P 500 and Nasdaq 100", ["SP500", "NASDAQ"]),
        ("BTCUSDT breaks out", ["BTC"]),
        ("Goldman Sachs and Goldman", ["GOLDMAN_SACHS", "GOLDMAN_SACHS"]),
        ("FED RAISES RATES, APPLE FALLS, ALL IS LOST", ["FEDERAL_RESERVE", "APPLE"]),
        ("American Airlines beat airlines", ["AMERICAN_AIRLINES", "AIRLINES"]),
        ("Bank of America", ["BANK_OF_AMERICA"]),
        ("The rainforest of the Amazon river", []),
        ("Metadata is not Meta", ["META"]),
        ("", []),
    ],
)  # fmt: skip
def test_mentions_in_free_text(text, entities):
    assert [m.entity_id for m in LINKER.mentions(text)] == entities


def test_a_mention_says_where_it_stands():
    text = "Shares of Advanced Micro Devices rose"
    mention = LINKER.mentions(text)[0]
    assert text[mention.start : mention.end] == mention.text == "Advanced Micro Devices"


@given(st.text(max_size=120))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_ordered_mentions_of_known_entities(text):
    end = 0
    for mention in LINKER.mentions(text):
        assert end <= mention.start < mention.end <= len(text)
        end = mention.end
        assert all(c.entity_id in GRAPH for c in mention.candidates)
    LINKER.resolve(text)


def test_a_new_entity_is_found_at_once_and_a_known_name_becomes_ambiguous():
    graph = seed_graph()
    linker = Linker(graph)
    assert linker.resolve("Nvidia").entity_id == "NVIDIA"
    graph.upsert_entity(EntityNode(id="NVIDIA_SHOP", name="Nvidia", type=EntityType.COMPANY))
    assert linker.resolve("Nvidia").is_ambiguous
    assert linker.resolve("NVDA").entity_id == "NVIDIA"


def test_a_name_from_a_document_needs_its_capitals():
    graph = seed_graph()
    linker = Linker(graph)
    graph.upsert_entity(
        EntityNode(
            id="STOCK", name="Stock", type=EntityType.SECTOR, metadata={"origin": "document"}
        )
    )
    assert linker.mentions("a stock rises") == ()
