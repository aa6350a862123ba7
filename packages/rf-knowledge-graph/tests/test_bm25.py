import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_knowledge_graph.bm25 import Bm25, stem, terms_of


def test_a_tiny_corpus_by_hand():
    found = Bm25([["a", "b"], ["a", "a", "c", "d"], ["e"]]).top(["a", "e"], 3)
    n, mean = 3, 7 / 3
    idf_a = math.log(1 + (n - 2 + 0.5) / (2 + 0.5))
    idf_e = math.log(1 + (n - 1 + 0.5) / (1 + 0.5))

    def part(idf, tf, length):
        return idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / mean))

    by_hand = {0: part(idf_a, 1, 2), 1: part(idf_a, 2, 4), 2: part(idf_e, 1, 1)}
    assert {hit.at: hit.score for hit in found} == pytest.approx(by_hand)
    assert [hit.at for hit in found] == sorted(by_hand, key=lambda at: -by_hand[at])


def test_a_term_asked_twice_counts_twice_and_unknown_terms_count_nothing():
    index = Bm25(["oil price", "gold price"])
    once, twice = index.top(["oil"], 1)[0].score, index.top(["oil", "oil", "zzz"], 1)[0].score
    assert twice == pytest.approx(2 * once)
    assert index.top("zzz", 3) == []
    assert index.top("", 3) == []
    assert index.idf("zzz") == 0.0
    assert Bm25([]).top("oil", 3) == []


def test_equals_keep_their_order_and_only_k_are_returned():
    index = Bm25(["oil"] * 5)
    assert [hit.at for hit in index.top("oil", 3)] == [0, 1, 2]


def test_forms_of_a_word_meet_and_stop_words_go():
    forms = ("supplies", "supplier", "supplied", "supply", "supplying", "suppliers")
    assert len({stem(word) for word in forms}) == 1
    assert len({stem(word) for word in ("competes", "competing", "competed", "compete")}) == 1
    assert stem("gas") == "gas"
    assert terms_of("What does the AT&T bond do?") == ["at&t", "bond"]


@given(
    st.lists(st.text(alphabet="abc ", max_size=12), max_size=12),
    st.text(alphabet="abc ", max_size=8),
)
def test_scores_are_positive_sorted_and_the_index_forgets_a_question(texts, query):
    index = Bm25([text.split() for text in texts])
    first = index.top(query.split(), 5)
    assert all(hit.score > 0 for hit in first)
    assert [hit.score for hit in first] == sorted((h.score for h in first), reverse=True)
    assert index.top(query.split(), 5) == first


@pytest.mark.parametrize("options", [{"k1": -1.0}, {"b": 1.5}])
def test_bad_constants_are_refused(options):
    with pytest.raises(ValueError, match="k1 and b"):
        Bm25(["a"], **options)


def test_a_bad_count_is_refused():
    with pytest.raises(ValueError, match="k:"):
        Bm25(["a"]).top("a", 0)


def test_in_a_large_set_rare_words_decide_and_common_ones_still_count():
    texts = [["common", f"w{n}"] for n in range(2_000)] + [["w7"], ["common", "common", "w7"]]
    index = Bm25(texts)
    found = index.top(["common", "w7"], 10)
    assert {hit.at for hit in found} == {7, 2_000, 2_001}
    by_hand = {}
    for at in (7, 2_000, 2_001):
        length = 1.2 * (0.25 + 0.75 * len(texts[at]) * len(texts) / sum(map(len, texts)))
        by_hand[at] = sum(
            index.idf(term) * tf * 2.2 / (tf + length)
            for term in ("common", "w7")
            if (tf := texts[at].count(term))
        )
    assert {hit.at: hit.score for hit in found} == pytest.approx(by_hand)
    assert len(index.top("common", 5)) == 5


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), max_size=30), st.integers(1, 6))
def test_the_first_k_are_the_same_whether_few_or_all_are_asked_for(texts, k):
    index = Bm25(texts)
    query = ["a", "b", "c"]
    everything = index.top(query, 100)
    few = index.top(query, k)
    assert [hit.at for hit in few] == [hit.at for hit in everything][:k]
    assert [hit.score for hit in few] == pytest.approx([hit.score for hit in everything][:k])
