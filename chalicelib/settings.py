"""The only reader of the environment: read once, typed, checked, never at import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from chalicelib.thin import Credentials, Thin

# setting -> (variable, what to do where it is missing)
_VARIABLES = {
    "table": ("ECRM_TABLE", "set it to the name of the DynamoDB table"),
    "inbox_url": ("ECRM_INBOX_URL", "set it to the address of the inbox queue"),
    "outbox_url": ("ECRM_OUTBOX_URL", "set it to the address of the outbox queue"),
    "feedback_url": ("ECRM_FEEDBACK_URL", "set it to the address of the queue that takes the mail provider's events"),
    "fetch_url": ("ECRM_FETCH_URL", "set it to the address of the queue of questions for the shops' own APIs"),
    "learn_url": ("ECRM_LEARN_URL", "set it to the address of the queue of shops that are to be learnt from"),
    "events_url": ("ECRM_EVENTS_URL", "set it to the address of the queue of what visitors do in the storefronts"),
    "unverified_url": ("ECRM_UNVERIFIED_URL", "set it to the address of the queue for deliveries still to be verified"),
    "bucket": ("ECRM_BUCKET", "set it to the name of the S3 bucket"),
    "mail_configuration_set": ("ECRM_MAIL_CONFIGURATION_SET", "set it to the name of the SES configuration set"),
    "public_url": (
        "ECRM_PUBLIC_URL",
        "set it to the address at which this API is reached, such as https://ecrm.acme.test",
    ),
    "endpoint_url": ("AWS_ENDPOINT_URL", "set it to the address of the emulator"),
    "mail_endpoint_url": ("AWS_ENDPOINT_URL_SESV2", "set it to the address that takes mail in SES's place"),
    "sms_endpoint_url": ("AWS_ENDPOINT_URL_SNS", "set it to the address that takes text messages in SNS's place"),
    "kavenegar_url": ("ECRM_KAVENEGAR_URL", "set it to the address that takes text messages in Kavenegar's place"),
    "stage": ("ECRM_STAGE", "set it to the name of the stage"),
}
_ALWAYS = ("table", "inbox_url", "bucket")


class MissingSetting(RuntimeError):
    """The environment lacks something, or holds what cannot be used. Says which variable and what to do."""

    def __init__(self, variable: str, remedy: str, trouble: str = "is not set") -> None:
        super().__init__(f"{variable} {trouble}: {remedy} (`make serve` sets it locally, the deployed stack in Lambda)")
        self.variable = variable


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the outside tells us. Texts that are not set are empty."""

    table: str
    inbox_url: str
    bucket: str
    master: bytes = field(repr=False)
    region: str = "us-east-1"
    outbox_url: str = ""
    feedback_url: str = ""
    unverified_url: str = ""
    fetch_url: str = ""
    learn_url: str = ""
    events_url: str = ""
    endpoint_url: str = ""
    mail_endpoint_url: str = ""
    sms_endpoint_url: str = ""
    kavenegar_url: str = ""
    stage: str = "dev"
    mail_configuration_set: str = ""
    public_url: str = ""
    local: bool = False
    mail_rate: float = 1.0  # messages a second that the mail provider takes; 1 is SES's sandbox
    credentials: Credentials = field(default=Credentials("", ""), repr=False)

    def need(self, *names: str) -> Settings:
        """Itself, if all of these are set. Raises MissingSetting: for what not every function has to have."""
        for name in names:
            if not getattr(self, name):
                raise MissingSetting(*_VARIABLES[name])
        return self

    def thin(self) -> Thin:
        """A new client for signed requests with these credentials."""
        return Thin(self.credentials, self.region, self.endpoint_url)


def read(environ: Mapping[str, str]) -> Settings:
    """Settings from these variables. Raises MissingSetting; asks SSM where only the master's name is given."""
    found = {name: environ[variable] for name, (variable, _) in _VARIABLES.items() if environ.get(variable)}
    for name in _ALWAYS:
        if name not in found:
            raise MissingSetting(*_VARIABLES[name])
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    credentials = Credentials(
        environ.get("AWS_ACCESS_KEY_ID", ""),
        environ.get("AWS_SECRET_ACCESS_KEY", ""),
        environ.get("AWS_SESSION_TOKEN", ""),
    )
    master = _master(environ, Thin(credentials, region, found.get("endpoint_url", "")))
    local = environ.get("ECRM_LOCAL") == "1"
    rate = _rate(environ.get("ECRM_MAIL_RATE") or "1")
    return Settings(**found, master=master, region=region, credentials=credentials, local=local, mail_rate=rate)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 10_000:
        raise MissingSetting("ECRM_MAIL_RATE", "set it to SES's sending rate, such as 14", "is no rate a second")
    return rate


def _master(environ: Mapping[str, str], thin: Thin) -> bytes:
    text, name = environ.get("ECRM_MASTER", ""), environ.get("ECRM_MASTER_PARAMETER", "")
    if not text and not name:
        raise MissingSetting(
            "ECRM_MASTER", "set it to 64 hex digits, or ECRM_MASTER_PARAMETER to the SSM parameter's name"
        )
    try:
        master = bytes.fromhex((text or thin.ssm_parameter(name)).strip())
    except ValueError:
        master = b""
    if len(master) < 32:
        raise MissingSetting("ECRM_MASTER", "make some with `openssl rand -hex 32`", "is not at least 64 hex digits")
    return master


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process. Tests: `settings.cache_clear()`."""
    return read(os.environ)


# A profile or token of this shell beside the credentials that are adopted would win over them, or spoil them.
_OF_THE_SHELL = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


def adopt(variables: Mapping[str, str]) -> None:
    """Make these this process's environment. ECRM_ variables it had are dropped: they may be of another stage, whose
    master would give wrong secrets."""
    for name in [name for name in os.environ if name.startswith("ECRM_") or name in _OF_THE_SHELL]:
        del os.environ[name]
    os.environ.update(variables)
    settings.cache_clear()


def colourless() -> bool:
    """Whether whoever runs a command wants no colours: https://no-color.org, or a terminal that has none."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
