import json
from decimal import Decimal

import pytest

from rf_common import DeterministicClock, UnixNanos
from rf_testkit import FakeBinance, Settings


async def get(http, fake, path):
    async with http.get(fake.rest_url + path) as response:
        return response.status, response.headers, await response.text()


async def get_json(http, fake, path):
    status, _, text = await get(http, fake, path)
    return status, json.loads(text)


async def test_before_its_line_the_recorded_snapshot_is_served_to_the_digit(tape, http):
    recorded = json.loads(tape.snapshots["BTCUSDT"])
    async with FakeBinance(tape) as fake:
        status, body = await get_json(http, fake, "/api/v3/depth?symbol=BTCUSDT&limit=5000")

    assert status == 200
    assert body == recorded
    assert fake.stats.snapshots_served == 1


async def test_later_the_snapshot_holds_everything_played(tape, http):
    async with FakeBinance(tape) as fake:
        await fake.play(400)
        last = [f for f in tape.frames[:400] if f.kind == "depth"][-1]
        _, body = await get_json(http, fake, "/api/v3/depth?symbol=BTCUSDT&limit=5000")

    assert body["lastUpdateId"] == json.loads(last.data)["u"]
    bids = [Decimal(price) for price, _ in body["bids"]]
    asks = [Decimal(price) for price, _ in body["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


async def test_the_default_limit_is_100_and_weights_add_up(tape, http):
    async with FakeBinance(tape) as fake:
        _, headers, text = await get(http, fake, "/api/v3/depth?symbol=BTCUSDT")
        assert headers["X-MBX-USED-WEIGHT-1M"] == "5"
        assert len(json.loads(text)["bids"]) <= 100
        _, body = await get_json(http, fake, "/api/v3/depth?symbol=BTCUSDT&limit=7")
        assert (len(body["bids"]), len(body["asks"])) == (7, 7)
        _, headers, _ = await get(http, fake, "/api/v3/depth?symbol=BTCUSDT&limit=5000")

    assert headers["X-MBX-USED-WEIGHT-1M"] == "260"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v3/depth?symbol=NOSUCH", -1121),
        ("/api/v3/depth?symbol=btcusdt", -1100),
        ("/api/v3/depth", -1102),
        ("/api/v3/depth?symbol=BTCUSDT&limit=x", -1102),
        ("/api/v3/depth?symbol=BTCUSDT&limit=0", -1102),
        ("/api/v3/exchangeInfo?symbol=NOSUCH", -1121),
        ("/api/v3/exchangeInfo?symbols=BTCUSDT", -1102),
    ],
)
async def test_bad_requests_get_the_venues_error_body(tape, http, path, code):
    async with FakeBinance(tape) as fake:
        status, body = await get_json(http, fake, path)

    assert (status, body["code"]) == (400, code)
    assert body["msg"]


@pytest.mark.parametrize(
    "query", ["", "?symbol=ETHUSDT", "?symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D"]
)
async def test_exchange_info_has_the_grids(two_symbols, http, query):
    async with FakeBinance(two_symbols) as fake:
        _, body = await get_json(http, fake, f"/api/v3/exchangeInfo{query}")

    info = {item["symbol"]: item for item in body["symbols"]}["ETHUSDT"]
    filters = {item["filterType"]: item for item in info["filters"]}
    assert Decimal(filters["PRICE_FILTER"]["tickSize"]) == Decimal("0.01")
    assert Decimal(filters["LOT_SIZE"]["stepSize"]) == Decimal("0.0001")
    assert Decimal(filters["NOTIONAL"]["minNotional"]) == 5
    assert (info["status"], info["baseAsset"], info["quoteAsset"]) == ("TRADING", "ETH", "USDT")
    assert len(body["symbols"]) == (1 if "symbol=" in query else 2)


async def test_time_comes_from_the_clock(tape, http):
    clock = DeterministicClock(UnixNanos(1_723_161_255_123_456_789))
    async with FakeBinance(tape, clock=clock) as fake:
        assert await get_json(http, fake, "/api/v3/time") == (200, {"serverTime": 1723161255123})
        assert await get_json(http, fake, "/api/v3/ping") == (200, {})


async def test_too_much_weight_is_429_and_going_on_is_a_ban(tape, http):
    async with FakeBinance(tape, settings=Settings(weight_limit=60)) as fake:
        paths = ["/api/v3/exchangeInfo"] * 3 + ["/api/v3/ping"] * 12
        answers = [await get(http, fake, path) for path in paths]

    assert [status for status, _, _ in answers] == [200] * 3 + [429] * 10 + [418] * 2
    refused, banned = answers[3], answers[-1]
    assert 0 < int(refused[1]["Retry-After"]) <= 60
    assert json.loads(refused[2])["code"] == -1003
    assert 60 < int(banned[1]["Retry-After"]) <= 120
    assert "IP banned until" in json.loads(banned[2])["msg"]


async def test_errors_on_demand_happen_as_often_as_asked_for(tape, http):
    async with FakeBinance(tape) as fake:
        fake.fail_rest(500, times=2)
        fake.fail_rest(429, path="/api/v3/depth", retry_after_s=23)
        statuses = [(await get(http, fake, "/api/v3/time"))[0] for _ in range(3)]
        limited = await get(http, fake, "/api/v3/depth?symbol=BTCUSDT")
        fake.fail_rest(503, body='{"code":-1008,"msg":"busy"}')
        busy = await get_json(http, fake, "/api/v3/time")
        fake.fail_rest(200, body="<html>maintenance</html>")
        page = await get(http, fake, "/api/v3/time")

    assert statuses == [500, 500, 200]
    assert (limited[0], limited[1]["Retry-After"]) == (429, "23")
    assert json.loads(limited[2])["code"] == -1003
    assert busy == (503, {"code": -1008, "msg": "busy"})
    assert (page[0], page[2]) == (200, "<html>maintenance</html>")
    assert fake.stats.rest_faults == 5


async def test_a_slow_answer_is_right_in_the_end(tape, http):
    async with FakeBinance(tape) as fake:
        fake.slow_rest(0.01)
        assert (await get_json(http, fake, "/api/v3/ping")) == (200, {})

    assert fake.stats.rest_faults == 1


async def test_an_unknown_path_is_404(tape, http):
    async with FakeBinance(tape) as fake:
        assert (await get(http, fake, "/api/v9/x"))[0] == 404


async def test_an_old_snapshot_is_served_once_when_asked_for(tape, http):
    path = "/api/v3/depth?symbol=BTCUSDT&limit=5000"
    async with FakeBinance(tape) as fake:
        await fake.play(300)
        then = fake.book("BTCUSDT")
        await fake.play(100)
        fake.stale_snapshot(100)
        _, old = await get_json(http, fake, path)
        _, new = await get_json(http, fake, path)

    assert old["lastUpdateId"] == then.lastUpdateId
    assert [tuple(row) for row in old["bids"]] == then.bids
    assert new["lastUpdateId"] > old["lastUpdateId"]
    assert fake.stats.stale_snapshots == 1
