import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_knowledge_graph import Linker, seed_graph, sentiment_at
from rf_knowledge_graph.extraction import extract

LINKER = Linker(seed_graph())
DAY = 86_400_000_000_000


def read(text):
    return [
        (e.from_id, e.relationship, e.to_id, e.negated)
        for e in extract(text, "n1", 1, LINKER).edges
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Apple acquires Netflix for $300bn", ("APPLE", "acquires", "NETFLIX", False)),
        ("Netflix to be acquired by Apple", ("APPLE", "acquires", "NETFLIX", False)),
        ("Apple denies it will buy Netflix", ("APPLE", "acquires", "NETFLIX", True)),
        ("Apple will not acquire Netflix", ("APPLE", "acquires", "NETFLIX", True)),
        (
            "Microsoft walks away from its plan to buy Intel",
            ("MICROSOFT", "acquires", "INTEL", True),
        ),
        ("SEC sues Coinbase", ("SEC", "sues", "COINBASE", False)),
        ("TSMC supplies AMD with chips", ("TSMC", "supplies", "AMD", False)),
        ("Apple buys displays from Samsung", ("SAMSUNG", "supplies", "APPLE", False)),
        ("Samsung no longer supplies Apple", ("SAMSUNG", "supplies", "APPLE", True)),
        ("Ford teams up with Amazon", ("FORD", "partners with", "AMAZON", False)),
        (
            "Intel signs a long-term deal with Microsoft",
            ("INTEL", "partners with", "MICROSOFT", False),
        ),
        ("Goldman Sachs downgrades Tesla", ("GOLDMAN_SACHS", "downgrades", "TESLA", False)),
        ("JPMorgan raises its price target on Nvidia", ("JPMORGAN", "upgrades", "NVIDIA", False)),
        ("FTC opens an investigation into Microsoft", ("MICROSOFT", "regulatedby", "FTC", False)),
        ("China bans Micron chips", ("MICRON", "regulatedby", "CHINA", False)),
        ("FDA approves Pfizer's vaccine", ("PFIZER", "regulatedby", "FDA", False)),
        ("JPMorgan investigates PayPal", ("JPMORGAN", "investigates", "PAYPAL", False)),
        (
            "Berkshire Hathaway buys a 5% stake in Chevron",
            ("BERKSHIRE_HATHAWAY", "owns", "CHEVRON", False),
        ),
        ("BlackRock sells its stake in Tesla", ("BLACKROCK", "reduces stake in", "TESLA", False)),
        ("Fed raises interest rates", ("FEDERAL_RESERVE", "raises", "FED_FUNDS_RATE", False)),
        (
            "Fed will not raise rates this year",
            ("FEDERAL_RESERVE", "raises", "FED_FUNDS_RATE", True),
        ),
        ("ECB cuts rates by 25 basis points", ("ECB", "cuts", "ECB_RATE", False)),
        ("Ford names Jane Q. Miller as its new CEO", ("FORD", "leadby", "JANE_Q_MILLER", False)),
        ("Mary Smith steps down as CEO of Boeing", ("BOEING", "leadby", "MARY_SMITH", True)),
        ("OpenAI fires Sam Altman", ("OPENAI", "leadby", "SAM_ALTMAN", True)),
        ("CoreWeave depends on Nvidia", ("COREWEAVE", "dependson", "NVIDIA", False)),
        (
            "Boeing wins an order for 60 jets from United Airlines",
            ("BOEING", "supplies", "UNITED_AIRLINES", False),
        ),
        ("Apple signs a supply deal with Samsung", ("APPLE", "partners with", "SAMSUNG", False)),
        ("FAA lifts the cap on Boeing", ("FAA", "helps", "BOEING", False)),
        ("Weak results of TSMC weigh on Apple", ("TSMC", "hurts", "APPLE", False)),
        ("Rivian challenges Tesla", ("RIVIAN", "competes", "TESLA", False)),
    ],
)
def test_headlines_give_their_statement(text, said):
    assert said in read(text)


@pytest.mark.parametrize(
    "text",
    [
        "Will Apple buy Disney?",
        "Apple and Disney report today",
        "Boeing does not supply Ryanair, Airbus does",
        "an apple pie supplies energy",
        "",
        "Apple buys a company nobody knows",
    ],
)
def test_questions_lists_and_unknown_names_say_nothing(text):
    assert read(text) == []


def test_the_sign_of_an_effect_turns_with_falling():
    rising = extract("Oil hurts airlines", "n", 1, LINKER).edges[0]
    falling = extract("Falling oil boosts airlines", "n", 1, LINKER).edges[0]
    assert rising.correlation == falling.correlation == -0.4


def test_doubt_halves_the_weight():
    sure = extract("Apple acquires Netflix", "n", 1, LINKER).edges[0]
    doubtful = extract("Apple may acquire Netflix", "n", 1, LINKER).edges[0]
    assert doubtful.weight == pytest.approx(0.5 * sure.weight)


@pytest.mark.parametrize(
    ("text", "entity", "sign"),
    [
        ("Nvidia beats estimates and raises its outlook", "NVIDIA", 1),
        ("Tesla recalls 20,000 cars", "TESLA", -1),
        ("SEC sues Coinbase", "COINBASE", -1),
        ("FDA approves Pfizer's vaccine", "PFIZER", 1),
        ("Goldman Sachs downgrades Intel", "INTEL", -1),
        ("Delta Air Lines lowers its profit outlook as costs climb", "DELTA_AIR_LINES", -1),
        ("Oil hurts airlines", "AIRLINES", -1),
    ],
)
def test_feelings_have_the_right_sign(text, entity, sign):
    felt = {e.id: e.sentiment for e in extract(text, "n", 1, LINKER).entities}
    assert felt[entity] * sign > 0


def test_rates_and_people_have_no_mood():
    for text in ("US unemployment climbs", "Jamie Dimon warns of losses"):
        assert all(e.sentiment is None for e in extract(text, "n", 1, LINKER).entities)


def test_a_denied_verb_leaves_no_feeling():
    felt = extract("SEC will not sue Coinbase", "n", 1, LINKER).entities
    assert all(not e.sentiment for e in felt)


def test_a_denial_enters_the_graph_beside_the_report():
    graph = seed_graph()
    linker = Linker(graph)
    for number, text in enumerate(("Apple acquires Netflix", "Apple denies it will buy Netflix")):
        found = extract(text, f"n{number}", DAY * (number + 1), linker)
        found.merge_into(graph, ts=DAY * (number + 1), linker=linker)
    edges = [e for e in graph.outgoing("APPLE") if e.target_id == "NETFLIX"]
    assert [e.negated for e in edges] == [False, True]
    now = 2 * DAY
    assert graph.strength(edges[0], now) < edges[0].weight


def test_sentiment_of_the_news_fades_from_the_graph():
    graph = seed_graph()
    linker = Linker(graph)
    extract("Tesla recalls 20,000 cars", "n", DAY, linker).merge_into(graph, ts=DAY, linker=linker)
    node = graph.require("TESLA")
    assert sentiment_at(node, DAY) == pytest.approx(-0.35)
    assert sentiment_at(node, 4 * DAY) == pytest.approx(-0.175)


def test_several_sentences_each_say_their_own():
    text = (
        "Apple acquires Netflix. SEC sues Coinbase; TSMC supplies AMD.\nFord names Al Green as CEO"
    )
    assert len(read(text)) == 4


@given(st.text(max_size=200) | st.lists(st.sampled_from(
    ["Apple", "SEC", "sues", "acquires", "denies", "not", "Fed", "raises", "rates", "names",
     "John Smith", "as", "CEO", ",", "?", ".", "oil", "hurts", "steps down", "of", "(", ")"]
), max_size=30).map(" ".join))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_any_text_gives_an_ontology_that_merges(text):
    graph = seed_graph()
    found = extract(text, "n1", 1, LINKER)
    assert found.validate(graph) == ()
    found.merge_into(graph, ts=DAY)
    assert extract(text, "n1", 1, LINKER) == found


def test_a_blank_source_or_a_negative_time_is_refused():
    with pytest.raises(ValueError, match="source and ts"):
        extract("Apple", " ", 1, LINKER)
    with pytest.raises(ValueError, match="source and ts"):
        extract("Apple", "n", -1, LINKER)
