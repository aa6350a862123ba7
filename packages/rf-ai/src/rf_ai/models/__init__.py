"""Models that answer with one object of a fixed schema, and what keeps a call in bounds.

Start with `ClaudeModel`, or `build_model` which takes what the settings say; `Prompt` goes in,
`Completion` comes out, and every failure is a `rf_ai.errors.ModelError`. `MeteredModel` puts the
budget, the breaker and the rate in front of any of them. `route` tells how important a call is.
The clients are loaded when they are first asked for: the SDK alone takes about a second.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from rf_ai.models.answer import one_object
from rf_ai.models.breaker import Breaker, BreakerState
from rf_ai.models.bucket import TokenBucket
from rf_ai.models.metered import MeteredModel
from rf_ai.models.port import Completion, Model, Prompt
from rf_ai.models.routing import Route, Tier, Trigger, route

if TYPE_CHECKING:
    from rf_ai.models.build import build_model as build_model
    from rf_ai.models.claude import ClaudeModel as ClaudeModel
    from rf_ai.models.ollama import OllamaModel as OllamaModel
    from rf_ai.models.openai_shaped import OpenAiShapedModel as OpenAiShapedModel

__all__ = [
    "Model",
    "Prompt",
    "Completion",
    "ClaudeModel",
    "OllamaModel",
    "OpenAiShapedModel",
    "build_model",
    "MeteredModel",
    "Breaker",
    "BreakerState",
    "TokenBucket",
    "Trigger",
    "Tier",
    "Route",
    "route",
    "one_object",
]

_LAZY = {
    "ClaudeModel": "rf_ai.models.claude",
    "OllamaModel": "rf_ai.models.ollama",
    "OpenAiShapedModel": "rf_ai.models.openai_shaped",
    "build_model": "rf_ai.models.build",
}


def __getattr__(name: str) -> object:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(module), name)
