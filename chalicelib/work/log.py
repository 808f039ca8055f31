"""The one logger: JSON lines with ids and counts, never bodies, addresses or signatures."""

from __future__ import annotations

from traceback import extract_tb

from aws_lambda_powertools import Logger

logger = Logger(service="ecrm")
DEEPEST = 8  # of the places an error came through, those nearest to it


def unforeseen(error: BaseException, **about: object) -> None:
    """An error nobody planned for: its kind and its way through the code. Its text could quote what it met."""
    way = [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)
    ]
    logger.error("unforeseen", extra={**about, "error": type(error).__name__, "way": way[-DEEPEST:]}, stacklevel=2)
