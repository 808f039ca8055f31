"""The one logger: JSON lines with ids and counts, never bodies, addresses or signatures."""

from __future__ import annotations

from aws_lambda_powertools import Logger

logger = Logger(service="ecrm")
