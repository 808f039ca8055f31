"""`python -m webhooks …`: what a shop's owner runs, and whoever looks after the system."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from webhooks.arguments import BadArgument
from webhooks.commands import COMMANDS
from webhooks.here import Failed, NeedsOwner
from webhooks.show import Screen

_ABOUT = "Connect an online shop, see that nothing is missed, and mend what is wrong."
_EXIT = """exit codes:
  0  done                     2  an argument cannot be used: the text names it
  1  it failed, or something  3  only the owner can go on: the shop refuses us,
     could not be reached        or there are problems (status, doctor)

start with:
  python -m webhooks platforms
  python -m webhooks connect --help
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (see `--help`)."""
    words = list(sys.argv[1:] if argv is None else argv)
    given = vars(_parser(words).parse_args(words))
    command = given.pop("command")
    return _guarded(command, _module(command), given, Screen(machine=bool(given.get("json"))))


def _guarded(command: str, module: ModuleType, given: dict[str, Any], screen: Screen) -> int:
    try:
        return int(module.run(given, screen))
    except BadArgument as error:
        code, text = 2, str(error)
    except NeedsOwner as error:
        code, text = 3, str(error)
    except Failed as error:
        code, text = 1, str(error)
    except BrokenPipeError:  # `| head` has seen enough
        sys.stdout = None  # type: ignore[assignment]  # nobody is there to flush to
        return 0
    except KeyboardInterrupt:
        code, text = 130, "stopped; nothing more is done"
    except Exception as error:
        code, text = _of_another(error)
    screen.warn(f"{command}: {text}")
    return code


def _of_another(error: Exception) -> tuple[int, str]:
    """What the shop, the platform's reader or AWS said, as one line instead of a trace."""
    from chalicelib.platforms.shop_api import Denied, Trouble
    from chalicelib.safe_http import Refused, Unreachable
    from chalicelib.work.access import NotConnected

    if isinstance(error, Denied | NotConnected):
        return 3, error.remedy
    if isinstance(error, Trouble | Unreachable):
        return 1, f"{error.reason}; later it may work" + (f" (in {error.wait:.0f} s)" if error.wait else "")
    if isinstance(error, Refused):
        return 2, str(error)
    return 1, f"{type(error).__name__}: {error}"


def _module(command: str) -> ModuleType:
    return import_module(f"webhooks.commands.{COMMANDS[command][0]}")


def _parser(words: list[str]) -> argparse.ArgumentParser:
    """All commands by name; only the one that is wanted is loaded."""
    parser = argparse.ArgumentParser(
        prog="python -m webhooks", description=_ABOUT, epilog=_EXIT, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    wanted = next((word for word in words if word in COMMANDS), None)
    for name, (_, text) in COMMANDS.items():
        one = commands.add_parser(name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name == wanted:
            module = _module(name)
            one.description, one.epilog = module.ABOUT, module.EXAMPLE
            module.flags(one)
    return parser


if __name__ == "__main__":
    sys.exit(main())
