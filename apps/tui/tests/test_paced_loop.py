"""The loop that draws: when something changed, and not more often than it may."""

import urwid
from urwid.testing import ScriptedScreen

from rf_tui.pacer import FRAME_NS
from rf_tui.terminal import PacedLoop


class Hand:
    """A clock moved by hand."""

    ns = 0

    def __call__(self):
        return self.ns


async def test_a_burst_of_changes_is_one_frame_now_and_one_later():
    screen, clock = ScriptedScreen(size=(9, 2)), Hand()
    text = urwid.Text("0")
    loop = PacedLoop(
        urwid.Filler(text), screen=screen, durations=clock, event_loop=urwid.AsyncioEventLoop()
    )
    screen.start()
    for number in range(500):
        text.set_text(str(number))
        loop.entering_idle()
    assert screen.draw_count == 1
    assert loop._waiting is not None
    clock.ns += FRAME_NS
    loop._waiting.cancel()
    loop._draw_late()
    assert screen.draw_count == 2
    assert screen.last_text[0].startswith("499")
