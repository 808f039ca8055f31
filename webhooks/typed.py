"""Commands as they stand in our sentences, made into something that can be typed as it is."""

from __future__ import annotations

import re

from webhooks.commands import COMMANDS

PROGRAM = ".venv/bin/python -m webhooks"
_PYTHON = r"(?:\.venv/bin/)?python -m webhooks "
_COMMAND = re.compile(rf"`(?:{_PYTHON})?((?:{'|'.join(map(re.escape, COMMANDS))})(?: [^`]*)?)`")


def whole(text: str, world: str) -> str:
    """The text, each `command` in it with the program in front and `world` behind: the flag that leads to where this
    command works, with a space before it, or nothing. Twice is as good as once."""

    def one(found: re.Match[str]) -> str:
        words = found[1]
        elsewhere = "" if " --api " in words or " --stage " in words else world
        return f"`{PROGRAM} {words}{elsewhere}`"

    return _COMMAND.sub(one, text)
