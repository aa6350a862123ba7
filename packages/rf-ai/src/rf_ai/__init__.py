"""Dexter, the analyst: what it is shown, who answers, and what is left of the answer.

Start with `build_context`, which numbers the rows of a cycle, `rules_signal`, which answers
offline, and `Dexter`, which asks a model and trusts nothing of what comes back. An opinion is an
`rf_common.intelligence.AnalystSignal`; one that fails a check is void and says why.
The pieces that speak to a model load their client when they are first asked for.
"""

from __future__ import annotations

from rf_ai.asking import Reply
from rf_ai.bound import bound
from rf_ai.caller import Caller
from rf_ai.checks import AnswerLimits, enforce
from rf_ai.config import AiConfig
from rf_ai.context import Context, NewsItem, PastCall, build_context
from rf_ai.dexter import Dexter, Estimate
from rf_ai.figures import FigureReport, check_figures
from rf_ai.impact import ImpactReport, impact_analysis
from rf_ai.inputs import Inputs, read_inputs, write_inputs
from rf_ai.judgement import judge, rules_signal
from rf_ai.prompt import PROMPT_VERSION, to_prompt
from rf_ai.rules import RULES_VERSION, rules_opinion
from rf_ai.schema import NEWS_SCHEMA, SIGNAL_SCHEMA, DexterSignal, NewsSignal, parse
from rf_ai.scorecard import ScoreCard, score_card
from rf_ai.store import CallRecord, CallStore, Outcome, ScoredCall
from rf_ai.triage import Triage, Triaged

__all__ = [
    "build_context",
    "rules_signal",
    "Dexter",
    "Estimate",
    "Context",
    "NewsItem",
    "PastCall",
    "Inputs",
    "read_inputs",
    "write_inputs",
    "AiConfig",
    "AnswerLimits",
    "DexterSignal",
    "NewsSignal",
    "SIGNAL_SCHEMA",
    "NEWS_SCHEMA",
    "PROMPT_VERSION",
    "RULES_VERSION",
    "to_prompt",
    "parse",
    "enforce",
    "check_figures",
    "FigureReport",
    "bound",
    "judge",
    "rules_opinion",
    "Caller",
    "Reply",
    "ImpactReport",
    "impact_analysis",
    "Triage",
    "Triaged",
    "CallRecord",
    "CallStore",
    "Outcome",
    "ScoredCall",
    "ScoreCard",
    "score_card",
]
