"""How a command may end other than well. The texts are for the owner and hold no secret."""

from __future__ import annotations

from typing import Any

from webhooks.arguments import BadArgument


class NeedsOwner(Exception):
    """Only the owner can go on. The text says what to do; `code` is a word for programs."""

    def __init__(self, text: str, code: str = "needs_owner") -> None:
        super().__init__(text)
        self.code = code


class Failed(Exception):
    """It did not work. The text says what and why; `code` is a word for programs."""

    def __init__(self, text: str, code: str = "failed") -> None:
        super().__init__(text)
        self.code = code


def of(error: Exception, given: dict[str, Any]) -> tuple[int, str, str]:
    """Exit code, a sentence, and a word for programs ("" where there is none), instead of a trace."""
    if isinstance(error, BadArgument):
        return 2, str(error), "bad_argument"
    if isinstance(error, NeedsOwner):
        return 3, str(error), error.code
    if isinstance(error, Failed):
        return 1, str(error), error.code
    return _of_another(error, given)


def _of_another(error: Exception, given: dict[str, Any]) -> tuple[int, str, str]:
    """What the shop, the platform's reader or AWS said."""
    from chalicelib.platforms.shop_api import Denied, Trouble
    from chalicelib.safe_http import Refused, Unreachable
    from chalicelib.work.access import NotConnected
    from chalicelib.work.talk import code_of

    if isinstance(error, Denied):
        return 3, error.remedy + anew(error.code, given.get("shop")), error.code
    if isinstance(error, NotConnected):
        return 3, error.remedy, "not_connected"
    if isinstance(error, Trouble | Unreachable):
        return 1, silence(error.reason, error.wait), code_of(error)
    if isinstance(error, Refused):
        return 2, str(error), "refused_address"
    return 1, f"{type(error).__name__}: {error}", "internal"


# What a key that is no key any more is refused with.
_KEY_IS_OLD = ("bad_key", "not_installed", "rights", "read_only", "missing_scope")


def anew(code: str, slug: Any) -> str:
    """The way to another key, where this one was refused and is stored: to be put behind the remedy."""
    return f". To be asked for a new key: `connect --shop {slug} --anew`" if slug and code in _KEY_IS_OLD else ""


def silence(reason: str, wait: float = 0) -> str:
    """Why nothing came of asking, and what to do. `reason` as `safe_http` and the platforms word it."""
    host = reason.partition(":")[0]
    if "(DNS)" in reason:
        return f"{reason}: is it spelt right?"
    if "(TLS)" in reason or "certificate" in reason:
        return f"{reason}: does it answer at https? For http say --url http://{host}"
    if "JSON" in reason or "what its API promises" in reason:
        return f"{reason}: give the shop's home address (https://acme.test), and see that its API is on"
    return f"{reason}; later it may work" + (f" (in {wait:.0f} s)" if wait else "")
