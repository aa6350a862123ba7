"""What can go wrong between us and a model, as named states.

::

    RfError
    └─ AiError                    RF-A-001  no opinion, whatever the reason
       ├─ ModelError              RF-A-001  a call was made, or tried
       │  ├─ ModelUnavailable     RF-A-002  no server, no model, an error inside it
       │  ├─ ModelTimeout         RF-A-003  no whole answer within the deadline
       │  ├─ ModelRateLimited     RF-A-004  the provider asks us to wait
       │  ├─ ModelOverloaded      RF-A-006  the provider has no room
       │  ├─ ModelRefused         RF-A-007  the model declined to answer
       │  ├─ ModelAnswerTooLarge  RF-A-008  more bytes than we read
       │  ├─ ModelAnswerInvalid   RF-A-009  not one object of the schema, or cut off
       │  ├─ ModelKeyRefused      RF-A-010  the key is missing, wrong or not allowed
       │  └─ ModelRequestRefused  RF-A-012  the provider does not accept what we asked
       ├─ BudgetExhausted         RF-A-005  the next call may go above a cap
       ├─ BudgetUnusable          RF-A-014  the budget's file cannot be read or written
       └─ CallRefused             RF-A-013  we did not call: breaker, rate, or one in flight

A call that fails is no opinion, never a neutral one. `ModelError.cost_usd` says what it cost:
zero when it was refused before any work, None when nobody knows, which counts as the worst case.
"""

from __future__ import annotations

from decimal import Decimal

from rf_ai.prices import Usage
from rf_common.errors import RfError, StorageError

ZERO = Decimal(0)


class AiError(RfError):
    """There is no opinion."""

    default_code = "RF-A-001"


class ModelError(AiError):
    """A call to a model gave no usable answer.

    Parameters
    ----------
    message : str
        One line, already free of secrets.
    cost_usd : Decimal or None
        What the call cost; None when it is not known.
    usage : Usage
        Tokens reported before it failed.
    request_id : str
        The provider's id of the request, empty if there was none.
    retry_after_s : float or None
        Seconds the provider asked us to wait.
    repeatable : bool
        Whether asking again may help and cannot cost twice.
    """

    default_code = "RF-A-001"
    default_exit = 5

    def __init__(
        self,
        message: str,
        *,
        cost_usd: Decimal | None = ZERO,
        usage: Usage | None = None,
        request_id: str = "",
        retry_after_s: float | None = None,
        repeatable: bool = False,
        detail: str = "",
        fix: str = "",
    ) -> None:
        super().__init__(message, detail=detail, fix=fix)
        self.cost_usd = cost_usd
        self.usage = usage or Usage()
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.repeatable = repeatable


class ModelUnavailable(ModelError):
    """There is no server, no such model, or an error inside it."""

    default_code = "RF-A-002"


class ModelTimeout(ModelError):
    """No whole answer came within the deadline."""

    default_code = "RF-A-003"


class ModelRateLimited(ModelError):
    """The provider asks us to wait, longer than we may."""

    default_code = "RF-A-004"


class ModelOverloaded(ModelError):
    """The provider has no room for the call."""

    default_code = "RF-A-006"


class ModelRefused(ModelError):
    """The model declined to answer."""

    default_code = "RF-A-007"
    default_exit = 1


class ModelAnswerTooLarge(ModelError):
    """The answer has more bytes than we read."""

    default_code = "RF-A-008"
    default_exit = 1


class ModelAnswerInvalid(ModelError):
    """The answer is not one object of the schema, or was cut off."""

    default_code = "RF-A-009"
    default_exit = 1


class ModelKeyRefused(ModelError):
    """The key is missing, wrong, or not allowed to do this."""

    default_code = "RF-A-010"
    default_exit = 4


class ModelRequestRefused(ModelError):
    """The provider does not accept the request: a parameter, its size, or an unknown model."""

    default_code = "RF-A-012"
    default_exit = 3


class CallRefused(AiError):
    """We did not call: the breaker is open, the rate is used up, or a call is in flight."""

    default_code = "RF-A-013"
    default_exit = 5


class BudgetUnusable(AiError, StorageError):
    """The budget's file cannot be read or written: without a budget no call is made."""

    default_code = "RF-A-014"
    default_exit = 1


class BudgetExhausted(AiError):
    """The next call may go above a cap.

    Parameters
    ----------
    message : str
        Which cap, what was used of it, in how many calls.
    cap : str
        ``day``, ``month`` or ``hour``.
    """

    default_code = "RF-A-005"
    default_exit = 12

    def __init__(self, message: str, *, cap: str, detail: str = "", fix: str = "") -> None:
        super().__init__(message, detail=detail, fix=fix)
        self.cap = cap
