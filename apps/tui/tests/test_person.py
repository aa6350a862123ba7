"""Whatever is typed and however the window is pulled: no failure, no order by accident."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from rf_tui import keys
from rf_tui.outcome import Outcome

KEYS = [key for row in keys.BINDINGS for key in row.keys]
MORE = ["y", "n", "a", "backspace", "page down", "home", "delete", "ctrl c", "1", "0", ".", "é",
        "begin paste", "end paste", "f5", "K"]  # fmt: skip
SIZES = st.tuples(st.integers(60, 200), st.integers(14, 60))
MOUSE = st.tuples(
    st.integers(0, 199),
    st.integers(0, 59),
    st.sampled_from([0, 1, 2, 3, 4, 5]),
    st.sampled_from(["mouse press", "mouse press", "mouse drag", "mouse release"]),
)
STEPS = st.lists(
    st.one_of(
        st.sampled_from(KEYS + MORE),
        st.sampled_from(["b", "s", "enter", "enter", "5", "esc"]),
        SIZES,
        MOUSE,
        st.sampled_from(["<offline>", "<online>", "<settle>", "<killed>"]),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=60)
@given(steps=STEPS)
def test_nothing_that_a_person_does_fails_or_sends_an_order_by_accident(
    tmp_path_factory, builders, steps
):
    asyncio.run(_lived(tmp_path_factory.mktemp("data"), builders, steps))


async def _lived(folder, builders, steps):
    daemon = builders.FakeDaemon()
    person = builders.seated(folder, daemon)
    live = daemon.line
    daemon.answers["kill"] = Outcome(ok=True, data={"ok": True, "confirmed": []}, code="KILLED")
    enters = [0]
    orders = 0
    for step in steps:
        if isinstance(step, tuple) and len(step) == 2:
            person.size = step
        elif isinstance(step, tuple):
            person.click(step[0] % person.size[0], step[1] % person.size[1], *step[2:])
        elif step == "<offline>":
            daemon.go_offline()
        elif step == "<online>":
            daemon.line = live
        elif step == "<settle>":
            await person.settle()
        elif step == "<killed>":
            daemon.state.apply(builders.system(killed=True, resume_phrase="go"), daemon.state.ts)
        else:
            before = _placed(daemon)
            person.press(step)
            if _placed(daemon) == before and step == "enter":
                enters[0] += 1
        rows = person.look()
        assert [len(row) for row in rows] == [person.size[0]] * person.size[1]
        assert rows[0].startswith(" SIM ")
        if _placed(daemon) > orders:
            assert enters[0] >= 2 * _placed(daemon)
            orders = _placed(daemon)
    await person.settle()
    assert enters[0] >= 2 * _placed(daemon)


def _placed(daemon):
    return sum(verb == "order" and args["command"]["type"] == "place"
               for verb, args in daemon.asked)  # fmt: skip
