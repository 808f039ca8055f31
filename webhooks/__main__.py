"""`python -m webhooks …`: what a shop's owner runs, and whoever looks after the system."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

from webhooks import here, outcomes
from webhooks.commands import COMMANDS
from webhooks.show import Screen
from webhooks.typed import PROGRAM

_ABOUT = "Connect an online shop, see that nothing is missed, and mend what is wrong."
_EXIT = """exit codes:
  0  done                     2  an argument cannot be used: the text names it
  1  it failed, or the shop   3  only the owner can go on: the shop refuses us,
     (or this world) could       or there are problems (status, doctor)
     not be reached

start with:
  .venv/bin/python -m webhooks platforms
  .venv/bin/python -m webhooks connect --help
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (see `--help`)."""
    words = list(sys.argv[1:] if argv is None else argv)
    given = vars(_parser(words).parse_args(words))
    command = given.pop("command")
    screen = Screen(machine=bool(given.get("json")), world=here.again(given))
    return _guarded(command, _module(command), given, screen)


def _guarded(command: str, module: ModuleType, given: dict[str, Any], screen: Screen) -> int:
    try:
        return int(module.run(given, screen))
    except BrokenPipeError:  # `| head` has seen enough
        sys.stdout = None  # type: ignore[assignment]  # nobody is there to flush to
        return 0
    except KeyboardInterrupt:
        code, text, word = 130, "stopped; nothing more is done", "stopped"
    except Exception as error:
        code, text, word = outcomes.of(error, given)
    screen.warn(f"{command}: {text}")
    if screen.machine:
        screen.json(_problem(screen.typed(text), word))
    return code


def _problem(text: str, word: str) -> dict[str, Any]:
    return {"error": {"message": text, "code": word}}


def _module(command: str) -> ModuleType:
    return import_module(f"webhooks.commands.{COMMANDS[command][0]}")


class _Parser(argparse.ArgumentParser):
    """Says what it cannot read to programs too."""

    machine = False

    def error(self, message: str) -> NoReturn:
        if self.machine:
            print(json.dumps(_problem(message, "bad_argument"), ensure_ascii=False, indent=2), flush=True)
        super().error(message)


def _parser(words: list[str]) -> argparse.ArgumentParser:
    """All commands by name; only the one that is wanted is loaded."""
    parser = _Parser(prog=PROGRAM, description=_ABOUT, epilog=_EXIT, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    wanted = next((word for word in words if word in COMMANDS), None)
    for name, (_, text) in COMMANDS.items():
        one = commands.add_parser(name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        one.machine = "--json" in words
        if name == wanted:
            module = _module(name)
            one.description, one.epilog = module.ABOUT, module.EXAMPLE
            module.flags(one)
    return parser


if __name__ == "__main__":
    sys.exit(main())
