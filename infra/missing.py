"""What a deployment needs and does not find, each with the command that makes it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

Clients = Callable[[str], Any]


@dataclass(frozen=True)
class Missing:
    """Something that is not there. `needed`: nothing can be deployed without it; else only mails wait for it."""

    what: str
    remedy: str
    needed: bool = True

    def __str__(self) -> str:
        return f"{'missing' if self.needed else 'note'}: {self.what}\n    {self.remedy}"


def region(session: Any) -> list[Missing]:
    """Without a region no other question can be asked. `session` is boto3's."""
    if session.region_name:
        return []
    return [Missing("a region to deploy to", "export AWS_DEFAULT_REGION=eu-central-1   (or: aws configure)")]


def credentials(client: Clients) -> tuple[str, list[Missing]]:
    """The account's number, or what to do where AWS does not know us."""
    try:
        return str(client("sts").get_caller_identity()["Account"]), []
    except (BotoCoreError, ClientError) as error:
        return "", [Missing(f"credentials that AWS accepts ({_short(error)})", "aws configure   (or: aws sso login)")]


def others(client: Clients, region_name: str, bucket: str, master: str, account: str) -> Iterator[Missing]:
    """Bucket for the zips, master secret, verified sender."""
    try:
        # whoever made a bucket of our name first must not get to hand us our code
        ours = _answers(lambda: client("s3").head_bucket(Bucket=bucket, ExpectedBucketOwner=account))
    except ClientError:
        yield Missing(
            f"a bucket of this account: {bucket} is somebody else's, or forbidden", "make deploy BUCKET=my-own-name"
        )
        ours = True
    if not ours:
        yield Missing(f"the bucket {bucket} for the zips", f"aws s3 mb s3://{bucket} --region {region_name}")
    if not _answers(lambda: client("ssm").get_parameter(Name=master)):
        put = f"aws ssm put-parameter --name {shlex.quote(master)} --type SecureString"
        yield Missing(f"the master secret {master}", f'{put} --value "$(openssl rand -hex 32)" --region {region_name}')
    if not _has_sender(client("sesv2")):
        verify = f"aws sesv2 create-email-identity --email-identity shop@example.com --region {region_name}"
        yield Missing("a verified sender: mails wait until there is one", verify, needed=False)


def _answers(ask: Callable[[], Any]) -> bool:
    """Whether it is there. Raises whatever else AWS says, such as that it is forbidden."""
    try:
        ask()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchBucket", "NotFound", "ParameterNotFound"):
            return False
        raise
    return True


def _has_sender(sesv2: Any) -> bool:
    found = sesv2.list_email_identities()["EmailIdentities"]
    return any(one.get("SendingEnabled") or one.get("VerificationStatus") == "SUCCESS" for one in found)


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120]
