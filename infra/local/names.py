"""The variables by which functions and commands of this machine find a local world, as a deployed stack sets them."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from infra.local.ministack import REGION
from infra.resources import QUEUES, Resources


@dataclass(frozen=True)
class Doors:
    """Where this world is spoken to: AWS's part, mails, text messages, the API."""

    aws: str
    mail: str
    sms: str
    api: str


def variables(made: Resources, doors: Doors, master: Path) -> dict[str, str]:
    """Everything that `chalicelib.settings` and botocore read. `master`: the file that keeps this world's secret."""
    queues = {f"ECRM_{name.upper()}_URL": made.queues[name] for name in QUEUES}
    return queues | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": doors.aws,
        "AWS_ENDPOINT_URL_SESV2": doors.mail,
        "AWS_ENDPOINT_URL_SNS": doors.sms,
        "ECRM_TABLE": made.table,
        "ECRM_BUCKET": made.bucket,
        "ECRM_MASTER": _master(master),
        "ECRM_MAIL_CONFIGURATION_SET": made.mail_set,
        "ECRM_PUBLIC_URL": doors.api,
        "ECRM_KAVENEGAR_URL": doors.sms,
        "ECRM_STAGE": "local",
        "ECRM_LOCAL": "1",
    }


def _master(file: Path) -> str:
    """This world's master secret: made once."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    return file.read_text()
