import json

from hypothesis import given, settings
from hypothesis import strategies as st

from rf_cli import progress as shown
from rf_cli.output import clean, money, printable
from rf_common import Redactor, Secret

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.text())
@settings(deadline=None, max_examples=200)
def test_what_people_see_is_printable_and_as_long_as_before(text):
    seen = printable(text)
    assert seen.isprintable()
    assert len(seen) == len(text)
    assert printable(seen) == seen


@given(VALUES)
@settings(deadline=None, max_examples=100)
def test_cleaning_with_no_change_changes_nothing(data):
    assert clean(data, lambda text: text) == data


@given(VALUES)
@settings(deadline=None, max_examples=100)
def test_no_secret_is_left_wherever_it_is(data):
    secret = 'quote" and \\ slash'
    mask = Redactor([Secret(secret)]).text
    found = clean({"a": [data, secret], secret: f"x{secret}y"}, mask)
    assert json.dumps(secret)[1:-1] not in json.dumps(found)


def test_money_has_groups_and_two_decimals_or_is_not_available():
    assert money("1234567.891") == "1,234,567.89"
    assert money(None) == "n/a"


def test_progress_shows_after_half_a_second_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    times = iter([0, 400_000_000, 600_000_000])
    monkeypatch.setattr(shown, "monotonic_ns", lambda: next(times))
    started = []
    monkeypatch.setattr("rich.progress.Progress.start", lambda _: started.append(True))
    with shown.progress("replay", 10) as tell:
        tell(1)
        assert started == []
        tell(2)
        assert started == [True]
    assert capsys.readouterr().out == ""


def test_progress_is_silent_without_a_terminal(capsys):
    with shown.progress("replay", 10) as tell:
        tell(5)
    assert capsys.readouterr() == ("", "")
