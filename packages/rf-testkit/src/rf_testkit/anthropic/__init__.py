"""The Messages API of Anthropic on loopback: real shapes, scripted answers, accidents on demand.

Start with `FakeAnthropic`. Without a script it answers as an analyst would: it reads the numbered
rows of the prompt and cites them. `Act` says what a call meets instead, `ACTS` names the usual
ones, and `FakeAnthropic.requests` keeps what was sent. `FakeChat` is the same for Ollama and for
endpoints of OpenAI's shape. What they know of the protocols is written in `wire` and `asked`.
"""

from rf_testkit.anthropic.acts import ACTS, Act, Kind
from rf_testkit.anthropic.analyst import analyst_answer
from rf_testkit.anthropic.asked import Asked
from rf_testkit.anthropic.chat import FakeChat
from rf_testkit.anthropic.server import FakeAnthropic

__all__ = ["FakeAnthropic", "FakeChat", "Act", "Kind", "ACTS", "Asked", "analyst_answer"]
