from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common.errors import ConfigError
from rf_net import checked_url
from rf_net.endpoints import checked_loopback

SCHEMES = ("http", "https", "ws", "wss")


@pytest.mark.parametrize(
    "url",
    [
        "wss://stream.binance.com:9443/ws/btcusdt@trade",
        "https://api.binance.com/api/v3/depth?symbol=BTCUSDT",
        "http://127.0.0.1:8080/x",
        "http://127.8.9.1/",
        "ws://localhost:1/",
        "ws://LOCALHOST/",
        "ws://[::1]:80/",
    ],
)
def test_encrypted_to_anywhere_and_in_the_clear_to_this_machine(url):
    assert checked_url(url, schemes=SCHEMES, field="x.url") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://binance.com/",
        "ws://127.0.0.1.evil.com/",
        "ws://localhost.evil.com/",
        "ws://localhost./",
        "ws://127.1/",
        "ws://2130706433/",
        "ws://0.0.0.0/",
        "ws://[::ffff:10.0.0.1]/",
        "ws://127.0.0.1@evil.com/",
        "ws://127.0.0.1:80@evil.com/",
        "https://user:pass@api.binance.com/",
        "http://evil.com#@127.0.0.1/",
        "http://evil.com\\@127.0.0.1/",
        "http://127.0.0.1\t.evil.com/",
        " https://api.binance.com/",
        "https://api.binance.com/\r\nHost: x",
        "https://bin\u0430nce.com/",
        "https:///path",
        "https://host:99999/",
        "https://host:0/",
        "https://[::1/",
        "https://api.binance.com/#part",
        "ftp://127.0.0.1/",
        "javascript:alert(1)",
        "api.binance.com",
        "",
    ],
)
def test_everything_else_is_refused_naming_the_field(url):
    with pytest.raises(ConfigError, match=r"^x\.url = .*: expected "):
        checked_url(url, schemes=SCHEMES, field="x.url")


def test_only_the_schemes_asked_for_are_accepted():
    with pytest.raises(ConfigError, match=r"begins with ws:// or wss://"):
        checked_url("https://a.b/", schemes=("wss", "ws"), field="f")


@pytest.mark.parametrize(
    "url", ["https://hunter22@a.b/", "https://u:hunter22@a.b/", "ftp://a.b/?token=hunter22"]
)
def test_the_error_shows_no_login_and_no_token(url):
    with pytest.raises(ConfigError) as caught:
        checked_url(url, schemes=SCHEMES, field="f")
    assert "hunter22" not in caught.value.render()


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=40))
def test_no_text_raises_anything_but_a_config_error(text):
    for url in (text, f"http://{text}", f"wss://{text}/"):
        with suppress(ConfigError):
            assert checked_url(url, schemes=SCHEMES, field="f") == url


@pytest.mark.parametrize(("host", "port"), [("0.0.0.0", 1), ("10.0.0.1", 1), ("127.0.0.1", 65536)])
def test_a_door_stays_on_this_machine(host, port):
    with pytest.raises(ConfigError, match="expected"):
        checked_loopback(host, port)
