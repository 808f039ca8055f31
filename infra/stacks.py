"""A CloudFormation stack: what would change, changing it, what it says about itself, taking it down."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

_NOTHING = ("didn't contain changes", "No updates are to be performed")
_CAPABILITIES = ["CAPABILITY_IAM"]
_SIGNS = {"Add": "+", "Modify": "~", "Remove": "-", "Import": "<", "Dynamic": "?"}


class Failed(Exception):
    """CloudFormation could not. Its text holds what it says of each resource."""


@dataclass(frozen=True)
class Plan:
    """A change set that was made and not applied. `lines`: one per change, ready to show."""

    name: str
    creates: bool
    lines: tuple[str, ...]


class Stack:
    """One stack by name. `client` is boto3's for CloudFormation; `pause` seconds between two looks."""

    def __init__(self, client: Any, name: str, pause: float = 2.0) -> None:
        self._client, self.name, self._pause = client, name, pause

    def status(self) -> str:
        """CloudFormation's word, or "" where there is no such stack."""
        return str((self._described() or {}).get("StackStatus", ""))

    def outputs(self) -> dict[str, str]:
        """Empty where there is no such stack."""
        found = (self._described() or {}).get("Outputs", [])
        return {one["OutputKey"]: one["OutputValue"] for one in found}

    def parameters(self) -> dict[str, str]:
        """As they were last set. Empty where there is no such stack."""
        found = (self._described() or {}).get("Parameters", [])
        return {one["ParameterKey"]: one["ParameterValue"] for one in found}

    def plan(self, template_url: str, parameters: Mapping[str, str]) -> Plan | None:
        """What applying the template would change; None for nothing. Raises Failed."""
        status = self.status()
        if status == "ROLLBACK_COMPLETE":
            raise Failed(f"{self.name} is what a failed first deployment left: `make destroy`, then deploy again")
        creates = status in ("", "REVIEW_IN_PROGRESS")
        name = f"ecrm-{int(time.time() * 1000)}"
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())]
        kept = [] if creates else self._kept(parameters)
        self._client.create_change_set(
            StackName=self.name,
            ChangeSetName=name,
            ChangeSetType="CREATE" if creates else "UPDATE",
            TemplateURL=template_url,
            Parameters=given + kept,
            Capabilities=_CAPABILITIES,
        )
        told = self._until_made(name)
        if told["Status"] == "FAILED":
            self.drop(Plan(name, creates, ()))
            if any(sign in told.get("StatusReason", "") for sign in _NOTHING):
                return None
            raise Failed(told.get("StatusReason", "the change set failed"))
        lines = tuple(_line(change["ResourceChange"]) for change in told.get("Changes", []))
        return Plan(name, creates, lines)

    def apply(self, plan: Plan) -> None:
        """Do what was planned and wait for it. Raises Failed."""
        self._client.execute_change_set(StackName=self.name, ChangeSetName=plan.name)
        status = self._until_settled()
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise Failed("\n".join([status, *self._complaints()]))

    def drop(self, plan: Plan) -> None:
        """Forget a plan; and the empty stack that a first plan leaves behind."""
        self._client.delete_change_set(StackName=self.name, ChangeSetName=plan.name)
        if plan.creates and self.status() == "REVIEW_IN_PROGRESS":
            self._client.delete_stack(StackName=self.name)
            self._until_settled()

    def destroy(self) -> None:
        """Take everything down that the template does not retain. Raises Failed."""
        self._client.delete_stack(StackName=self.name)
        status = self._until_settled()
        if status not in ("", "DELETE_COMPLETE"):
            raise Failed("\n".join([status, *self._complaints()]))

    def resources(self) -> dict[str, tuple[str, str]]:
        """Logical name -> (type, what it is called in the account)."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
        found = [one for page in pages for one in page["StackResourceSummaries"]]
        return {one["LogicalResourceId"]: (one["ResourceType"], one.get("PhysicalResourceId", "")) for one in found}

    def _described(self) -> dict[str, Any] | None:
        try:
            stacks = self._client.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return dict(stacks[0]) if stacks and stacks[0]["StackStatus"] != "DELETE_COMPLETE" else None

    def _kept(self, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        """What an earlier deployment set stays, unless it is said again. Where the zips lie always comes anew."""
        names = set(self.parameters()) - set(parameters)
        return [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(names)]

    def _until_made(self, name: str) -> dict[str, Any]:
        while True:
            told: dict[str, Any] = self._client.describe_change_set(StackName=self.name, ChangeSetName=name)
            if not told["Status"].endswith(("PENDING", "IN_PROGRESS")):
                break
            time.sleep(self._pause)
        for page in self._further(told, name):
            told["Changes"] = told.get("Changes", []) + page.get("Changes", [])
        return told

    def _further(self, told: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
        token = told.get("NextToken")
        while token:
            page = self._client.describe_change_set(StackName=self.name, ChangeSetName=name, NextToken=token)
            yield page
            token = page.get("NextToken")

    def _until_settled(self) -> str:
        while (status := self.status()).endswith("IN_PROGRESS"):
            time.sleep(self._pause)
        return status

    def _complaints(self) -> list[str]:
        events = self._client.describe_stack_events(StackName=self.name)["StackEvents"]
        failed = [one for one in events if one.get("ResourceStatus", "").endswith("FAILED")]
        return [f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', '')}" for one in failed[:10]]


def _line(change: Mapping[str, Any]) -> str:
    # a replaced table or queue is another one, empty: that has to be seen before it is agreed to
    replaced = {"True": "  REPLACED", "Conditional": "  may be replaced"}.get(change.get("Replacement", ""), "")
    return f"{_SIGNS.get(change['Action'], '?')} {change['LogicalResourceId']}  ({change['ResourceType']}){replaced}"
