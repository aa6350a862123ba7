"""Recordings through the daemon, and the same recordings through a fake venue's sockets."""

from __future__ import annotations

import json

import pytest

from rf_testkit import synthetic_tape

pytestmark = pytest.mark.e2e

FIELDS = {
    "frames",
    "events",
    "seconds",
    "frames_per_second",
    "book_checks",
    "book_mismatches",
    "gaps",
    "signals",
    "orders",
    "fills",
    "refusals",
    "equity",
    "cash",
    "positions",
    "state_hash",
    "peak_rss_mb",
}
PATIENT = {
    "RF_BINANCE__SILENCE_MS": "60000",
    "RF_BINANCE__RECONNECT_FIRST_MS": "20",
    "RF_BINANCE__RECONNECT_CAP_MS": "100",
}


@pytest.fixture
def tape(tmp_path):
    path = tmp_path / "tape.gz"
    synthetic_tape(5, 4_000, "BTCUSDT", path=path)
    return path


def replayed(start, *arguments: str) -> dict:
    daemon = start("--replay", *arguments, "--speed", "max", "--exit", "--json")
    assert daemon.wait(60.0) == 0, daemon.err[-5:]
    return json.loads(daemon.out[-1])


def test_a_tape_checks_every_book_and_gives_the_same_hash_twice(start, tape):
    first, second = replayed(start, str(tape)), replayed(start, str(tape))
    assert first.keys() >= FIELDS
    assert first["frames"] == 4_000
    assert first["book_checks"] > 100
    assert first["book_mismatches"] == 0
    assert first["gaps"] == 0
    timed = {"seconds", "frames_per_second", "peak_rss_mb"}
    assert {k: v for k, v in first.items() if k not in timed} == {
        k: v for k, v in second.items() if k not in timed
    }


def test_a_journal_of_a_tape_changes_nothing_and_replays_equal(start, tape):
    plain = replayed(start, str(tape))
    daemon = start("--replay", str(tape), "--exit", "--json", "--journal")
    assert daemon.wait(60.0) == 0
    journaled = json.loads(daemon.out[-1])
    assert journaled["market_hash"] == plain["market_hash"]
    assert journaled["fills"] == plain["fills"]
    code, out, err = daemon.rf("replay", "latest", "--data-dir", "rf-data/replay", "--json")
    assert code == 0, err
    assert json.loads(out)["data"]["state_hash"] == journaled["state_hash"]


@pytest.mark.parametrize(("index", "checks"), [(0, 3_448), (1, 3_432)])
def test_the_real_tapes_agree_with_every_book_ticker(start, real_recordings, index, checks):
    told = replayed(start, str(real_recordings[index]))
    assert told["book_checks"] == checks
    assert told["book_mismatches"] == 0
    assert told["gaps"] == 0
    assert told["orders"] > 0
    assert told["fills"] > 0


def test_a_tape_that_is_cut_off_is_one_clear_error(start, tape, tmp_path):
    cut = tmp_path / "cut.gz"
    cut.write_bytes(tape.read_bytes()[:5_000])
    daemon = start("--replay", str(cut), "--exit", "--json")
    assert daemon.wait(30.0) == 7
    told = "\n".join(daemon.err)
    assert "cut.gz" in told
    assert "Traceback" not in told


def test_a_missing_tape_is_one_clear_error(start):
    daemon = start("--replay", "nowhere.gz", "--exit")
    assert daemon.wait(30.0) == 7
    assert "nowhere.gz" in "\n".join(daemon.err)


def live_hash(start, fake_binance, *fake_arguments: str) -> tuple[dict, list[str]]:
    venue, ws_url, rest_url = fake_binance(*fake_arguments)
    daemon = start(
        "--source", "binance", "--symbols", "BTCUSDT", "--ws-url", ws_url, "--rest-url", rest_url,
        "--json", env=PATIENT,
    )  # fmt: skip
    daemon.ready()
    venue.until(lambda: len(venue.out) > 1, "the end of the tape", timeout_s=90.0)
    told = json.loads(venue.out[-1])
    last = told["stats"]["frames_played"]
    assert last > 0
    daemon.until(lambda: settled(daemon), "the last frame has arrived")
    assert daemon.stop() == 0
    return json.loads(daemon.out[-1]), daemon.err


def settled(daemon) -> bool:
    return daemon.status()["engine"]["events_per_s"] < 20


def test_the_live_adapter_ends_with_the_market_of_the_replay(start, fake_binance, tape):
    expected = replayed(start, str(tape))
    told, _ = live_hash(start, fake_binance, "--recording", str(tape), "--speed", "max")
    assert told["market_hash"] == expected["market_hash"]
    assert told["book_mismatches"] == 0


def test_twenty_cuts_never_give_a_wrong_book(start, fake_binance, tape):
    expected = replayed(start, str(tape))
    told, err = live_hash(
        start, fake_binance, "--recording", str(tape), "--speed", "8",
        "--cuts", "20", "--seed", "3",
    )  # fmt: skip
    assert told["book_mismatches"] == 0
    assert told["market_hash"] == expected["market_hash"]
    assert told["gaps"] > 0
    assert sum("feed binance is DOWN" in line for line in err) >= 20


def test_gaps_and_garbage_are_told_and_never_give_a_wrong_book(start, fake_binance, tape):
    expected = replayed(start, str(tape))
    told, _ = live_hash(
        start, fake_binance, "--recording", str(tape), "--speed", "max",
        "--gaps", "5", "--garbage", "50", "--seed", "4",
    )  # fmt: skip
    assert told["book_mismatches"] == 0
    assert told["gaps"] >= 1
    assert told["market_hash"] == expected["market_hash"]
