"""`make deploy`, `diff`, `outputs`, `destroy`: a stage in an AWS account, or in the emulator behind `--endpoint`.

Deploying packages, uploads the zips under their hashes, shows what would change and applies it on a yes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra import missing, package, sam
from infra.stacks import Failed, Plan, Stack
from webhooks.stage import MASTER_PARAMETER, STACK

ROOT = Path(__file__).resolve().parents[1]
Ask = Callable[[str], str]
Pack = Callable[[str, str], Path]  # (machines, stage) -> the folder that holds what is deployed


def packed(arch: str, stage: str) -> Path:
    """Package into build/."""
    package.package(ROOT / "build", arch, stage)
    return ROOT / "build"


class Deployment:
    """One stage of one account. `say` takes what is told; `ask` answers questions."""

    def __init__(self, asked: argparse.Namespace, say: TextIO, ask: Ask, pack: Pack) -> None:
        self._asked, self._say, self._ask, self._pack = asked, say, ask, pack
        local = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        self._session = boto3.session.Session(**(local if asked.endpoint else {}))
        pause = 0.05 if asked.endpoint else 2.0
        self._given: dict[str, str] = dict(pair.split("=", 1) for pair in getattr(asked, "set", []))
        self._account = self._bucket = ""
        self._ready = self._look()
        if self._ready:
            self.stack = Stack(self._client("cloudformation"), STACK.format(stage=asked.stage), pause)

    def deploy(self) -> int:
        """Returns the exit code, as the others do."""
        return self._change(apply=True)

    def diff(self) -> int:
        return self._change(apply=False)

    def outputs(self) -> int:
        if not self._ready:
            return 2
        found = self.stack.outputs()
        for name in sorted(found):
            self._tell(f"{name:<16} {found[name]}")
        return 0 if found else self._no_stack()

    def destroy(self) -> int:
        if not self._ready:
            return 2
        if not self.stack.status():
            return self._no_stack()
        kinds = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue")
        kept = [name for kind, name in self.stack.resources().values() if kind in kinds]
        self._tell(f"{self.stack.name} will be taken down. What holds data stays and still costs:")
        for name in kept:
            self._tell(f"  {name}")
        if not self._agreed(f"Take {self.stack.name} down?"):
            return 1
        self.stack.destroy()
        self._tell(f"{self.stack.name} is gone")
        return 0

    def _change(self, apply: bool) -> int:
        if not (self._ready and self._complete()):
            return 2
        build = self._pack(self._asked.arch, self._asked.stage)
        facts = json.loads((build / "package.json").read_text())
        plan = self.stack.plan(self._upload(build, facts), self._parameters(facts))
        if plan is None:
            self._tell(f"{self.stack.name}: no change")
            return 0
        for line in plan.lines:
            self._tell(line)
        if not apply or not self._agreed(f"Apply these {len(plan.lines)} changes to {self.stack.name}?"):
            self.stack.drop(plan)
            return 0 if not apply else 1
        return self._applied(plan)

    def _applied(self, plan: Plan) -> int:
        self.stack.apply(plan)
        self._tell(f"{self.stack.name}: {self.stack.status()}")
        return self.outputs()

    def _look(self) -> bool:
        """Region, account, bucket's name: what every other question rests on."""
        gaps = missing.region(self._session)
        if not gaps:
            self._account, gaps = missing.credentials(self._client)
        for gap in gaps:
            self._tell(str(gap))
        region = self._session.region_name
        self._bucket = getattr(self._asked, "bucket", None) or f"ecrm-artifacts-{self._account}-{region}"
        return not gaps

    def _complete(self) -> bool:
        # said now, or said once and kept by the stack
        named = {**self.stack.parameters(), **self._given}.get("MasterParameter")
        master = named or MASTER_PARAMETER.format(stage=self._asked.stage)
        gaps = list(missing.others(self._client, self._session.region_name, self._bucket, master, self._account))
        for gap in gaps:
            self._tell(str(gap))
        return not any(gap.needed for gap in gaps)

    def _upload(self, build: Path, facts: dict[str, Any]) -> str:
        """The zips and the template under their hashes. Returns the template's address."""
        s3, owner = self._client("s3"), {"ExpectedBucketOwner": self._account}
        for name in ("accept", "app"):
            key = sam.key(facts[name]["sha256"])
            if not s3.list_objects_v2(Bucket=self._bucket, Prefix=key, **owner).get("KeyCount"):
                s3.upload_file(str(build / f"{name}.zip"), self._bucket, key, ExtraArgs=owner)
        key = f"ecrm/{facts['stack']}.json"
        s3.upload_file(str(build / "stack.json"), self._bucket, key, ExtraArgs=owner)
        if self._asked.endpoint:
            return f"{self._asked.endpoint}/{self._bucket}/{key}"
        region = self._session.region_name
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return f"https://{self._bucket}.s3.{region}.{suffix}/{key}"

    def _parameters(self, facts: dict[str, Any]) -> dict[str, str]:
        zips = {f"{name.title()}Zip": sam.key(facts[name]["sha256"]) for name in ("accept", "app")}
        return {"Artifacts": self._bucket, **zips, **self._given}

    def _agreed(self, question: str) -> bool:
        if self._asked.yes:
            return True
        try:
            return self._ask(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:
            self._tell("\nnobody to ask: YES=1 does not ask")
            return False

    def _no_stack(self) -> int:
        self._tell(f"there is no {self.stack.name} yet: make deploy STAGE={self._asked.stage}")
        return 1

    def _client(self, service: str) -> Any:
        config = Config(s3={"addressing_style": "path"}) if self._asked.endpoint else None
        return self._session.client(service, endpoint_url=self._asked.endpoint or None, config=config)

    def _tell(self, text: str) -> None:
        print(text, file=self._say, flush=True)


def main(words: Sequence[str], say: TextIO = sys.stdout, ask: Ask = input, pack: Pack = packed) -> int:
    """Returns the exit code: 0 done or nothing to do, 1 refused or failed, 2 something is missing."""
    asked = _arguments().parse_args(words)
    try:
        deployment = Deployment(asked, say, ask, pack)
        return int(getattr(deployment, asked.command)())
    except (Failed, ClientError, BotoCoreError, LookupError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("deploy", "diff", "outputs", "destroy"):
        command = commands.add_parser(name)
        command.add_argument("--stage", default="dev")
        command.add_argument("--endpoint", default="", help="the address of an emulator, instead of AWS")
        command.add_argument("--yes", action="store_true", help="do not ask")
        if name in ("deploy", "diff"):
            command.add_argument("--arch", choices=sorted(package.ARCHITECTURES), default="arm64")
            command.add_argument("--bucket", help="for the zips; else ecrm-artifacts-<account>-<region>")
            command.add_argument("--set", action="append", default=[], type=_pair, metavar="Parameter=value")
    return parser


def _pair(text: str) -> str:
    if "=" not in text:
        raise argparse.ArgumentTypeError("Parameter=value, such as MailRate=14")
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
