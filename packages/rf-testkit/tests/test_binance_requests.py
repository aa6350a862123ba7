import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_testkit.binance.requests import Session, answer


def ask(session, **request):
    return json.loads(answer(session, json.dumps(request)))


def test_streams_are_added_listed_and_removed_in_order():
    session = Session([], combined=False)

    assert ask(session, method="SUBSCRIBE", params=["b@trade", "a@trade"], id=1) == {
        "result": None,
        "id": 1,
    }
    assert ask(session, method="LIST_SUBSCRIPTIONS", id=2) == {
        "result": ["b@trade", "a@trade"],
        "id": 2,
    }
    ask(session, method="UNSUBSCRIBE", params=["b@trade", "never@seen"], id=3)
    assert list(session.streams) == ["a@trade"]


def test_combined_is_a_property():
    session = Session([], combined=False)

    assert ask(session, method="GET_PROPERTY", params=["combined"], id=1)["result"] is False
    assert ask(session, method="SET_PROPERTY", params=["combined", True], id=2)["result"] is None
    assert ask(session, method="GET_PROPERTY", params=["combined"], id=3)["result"] is True


@pytest.mark.parametrize("identity", [1, 0, 2**63, "sub7f3a", None])
def test_the_id_comes_back_as_it_was_sent(identity):
    reply = ask(Session([], combined=True), method="LIST_SUBSCRIPTIONS", id=identity)

    assert reply == {"result": [], "id": identity}


@pytest.mark.parametrize("identity", [1.5, True, "a b", "", "x" * 37, [], 2**64])
def test_a_bad_id_is_refused_and_not_repeated(identity):
    reply = ask(Session([], combined=True), method="LIST_SUBSCRIPTIONS", id=identity)

    assert reply["code"] == 2
    assert "id" not in reply


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        ({"method": "subscribe", "params": ["a"], "id": 1}, 2, "unknown variant subscribe"),
        ({"params": ["a"], "id": 1}, 2, "missing field `method`"),
        ([1], 2, "missing field `method`"),
        ({"method": "SUBSCRIBE", "params": [], "id": 1}, 2, "expected a string"),
        ({"method": "SUBSCRIBE", "params": [1], "id": 1}, 2, "expected a string"),
        ({"method": "SUBSCRIBE", "params": "a", "id": 1}, 2, "expected a sequence"),
        ({"method": "GET_PROPERTY", "params": [], "id": 1}, 2, "must be a string"),
        ({"method": "GET_PROPERTY", "params": ["a", 1], "id": 1}, 2, "too many parameters"),
        ({"method": "GET_PROPERTY", "params": ["speed"], "id": 1}, 0, "Unknown property"),
        ({"method": "SET_PROPERTY", "params": ["combined", 1], "id": 1}, 1, "expected Boolean"),
        ({"method": "SET_PROPERTY", "params": ["combined"], "id": 1}, 1, "expected Boolean"),
    ],
)
def test_bad_requests_are_answered_with_a_code(request_, code, text):
    reply = json.loads(answer(Session([], combined=True), json.dumps(request_)))

    assert reply["code"] == code
    assert text in reply["msg"]


def test_at_most_1024_streams_a_connection():
    session = Session([], combined=True)
    names = [f"s{i}@trade" for i in range(1024)]

    assert ask(session, method="SUBSCRIBE", params=names, id=1) == {"result": None, "id": 1}
    assert ask(session, method="SUBSCRIBE", params=names[:3], id=2) == {"result": None, "id": 2}
    assert ask(session, method="SUBSCRIBE", params=["more@trade"], id=3)["code"] == 2
    assert len(session.streams) == 1024


@settings(deadline=None, max_examples=100)
@given(st.binary() | st.text() | st.recursive(st.none(), st.lists).map(json.dumps))
def test_no_input_breaks_it(text):
    assert "code" in json.loads(answer(Session([], combined=True), text))
