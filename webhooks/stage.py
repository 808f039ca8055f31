"""The names of what a deployed stack holds, as the variables that `chalicelib.settings` reads."""

from __future__ import annotations

from typing import Any

STACK = "ecrm-{stage}"
MASTER_PARAMETER = "/ecrm/{stage}/master"
_VARIABLES = {
    "Table": "ECRM_TABLE",
    "Bucket": "ECRM_BUCKET",
    "Inbox": "ECRM_INBOX_URL",
    "Unverified": "ECRM_UNVERIFIED_URL",
    "Outbox": "ECRM_OUTBOX_URL",
    "Feedback": "ECRM_FEEDBACK_URL",
    "Fetch": "ECRM_FETCH_URL",
    "Learn": "ECRM_LEARN_URL",
    "Events": "ECRM_EVENTS_URL",
    "MailSet": "ECRM_MAIL_CONFIGURATION_SET",
    "PublicUrl": "ECRM_PUBLIC_URL",
    "EndpointURL": "ECRM_PUBLIC_URL",
    "MasterParameter": "ECRM_MASTER_PARAMETER",
}


def variables(stage: str, cloudformation: Any) -> dict[str, str]:
    """The variables of a stage from its stack's outputs. `cloudformation` is boto3's client: its errors pass."""
    stack = cloudformation.describe_stacks(StackName=STACK.format(stage=stage))["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    # a custom domain's address comes after Chalice's own, and so replaces it
    found = {_VARIABLES[name]: outputs[name] for name in reversed(_VARIABLES) if name in outputs}
    return {"ECRM_STAGE": stage, "ECRM_MASTER_PARAMETER": MASTER_PARAMETER.format(stage=stage), **found}


def credentials(session: Any) -> dict[str, str]:
    """What this machine signs with, however it got it: profile, single sign-on, environment. `session` is boto3's."""
    frozen = session.get_credentials().get_frozen_credentials()
    found = {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token or "",
        "AWS_REGION": session.region_name or "",
    }
    return {name: value for name, value in found.items() if value}
