import asyncio
import json
import signal
import sys
from pathlib import Path

import aiohttp
import pytest
from websockets.asyncio.client import connect

from rf_testkit import synthetic_tape

SCRIPT = Path(sys.executable).with_name("rf-testkit")


async def start(*arguments):
    return await asyncio.create_subprocess_exec(
        SCRIPT,
        "binance",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def line_of(process):
    async with asyncio.timeout(20):
        return json.loads(await process.stdout.readline())


async def test_it_prints_its_urls_plays_the_tape_and_stops_on_interrupt(tmp_path):
    synthetic_tape(seed=4, n=300, path=tmp_path / "tape.gz")
    process = await start("--recording", str(tmp_path / "tape.gz"), "--speed", "max")
    urls = await line_of(process)
    async with (
        aiohttp.ClientSession() as http,
        http.get(urls["rest_url"] + "/api/v3/exchangeInfo") as response,
    ):
        listed = [item["symbol"] for item in (await response.json())["symbols"]]
    async with connect(
        urls["ws_url"] + "/stream?streams=btcusdt@trade", compression=None, max_queue=None
    ) as ws:
        end = await line_of(process)
        async with asyncio.timeout(20):
            first = json.loads(await ws.recv())
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        rest, errors = await process.communicate()

    assert listed == ["BTCUSDT"]
    assert first["stream"] == "btcusdt@trade"
    assert end["event"] == "end_of_tape"
    assert end["stats"]["frames_played"] == 299
    assert (process.returncode, rest, errors) == (0, b"", b"")


@pytest.mark.parametrize("speed", ["fast", "nan"])
async def test_a_bad_speed_is_one_clear_error(speed):
    process = await start(f"--speed={speed}")
    async with asyncio.timeout(20):
        output, errors = await process.communicate()

    assert process.returncode != 0
    assert output == b""
    assert b'expected "max" or a number above 0 for --speed' in errors
    assert b"Traceback" not in errors
