"""The templates: what is merged into Chalice's, where the code lies, and the plain CloudFormation of it all."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ACCEPT = "Accept"
REGION = "us-east-1"  # only to satisfy the translator: the result names no region


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Both, objects within objects; where both say something else, `other` does."""
    result = dict(one)
    for key, value in other.items():
        both = isinstance(value, dict) and isinstance(one.get(key), dict)
        result[key] = merged(one[key], value) if both else value
    return result


def additions(stage: str = "prod") -> dict[str, Any]:
    """What is merged into Chalice's template for this stage."""
    texts = [(HERE / name).read_text().replace("<stage>", stage) for name in ("template.json", "doors.json")]
    accept = json.loads((HERE / "iam" / "accept.json").read_text())
    both = merged(*(json.loads(text) for text in texts))
    both["Resources"]["AcceptRole"]["Properties"]["Policies"] = [{"PolicyName": "accept", "PolicyDocument": accept}]
    return both


def finished(template: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Chalice's merged template with its code where deploying puts it: under its hash, in the bucket `Artifacts`."""
    template = copy.deepcopy(template)
    parameters = template.setdefault("Parameters", {})
    for name in ("accept", "app"):
        parameters[f"{name.title()}Zip"] = {
            "Type": "String",
            "Default": key(facts[name]["sha256"]),
            "Description": f"Where {name}.zip lies in the bucket Artifacts.",
        }
    accept = template["Resources"][ACCEPT]["Properties"]
    accept["Architectures"] = [facts["arch"]]
    # as Chalice does it for its own: bytecode is compiled by the Python that packs
    accept["Runtime"] = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            zipped = "AcceptZip" if name == ACCEPT else "AppZip"
            resource["Properties"]["CodeUri"] = {"Bucket": {"Ref": "Artifacts"}, "Key": {"Ref": zipped}}
    return template


def key(digest: str) -> str:
    """Where a zip with this hash lies in the bucket."""
    return f"ecrm/{digest}.zip"


def translated(template: dict[str, Any]) -> dict[str, Any]:
    """Plain CloudFormation of a SAM template, as AWS itself would make it. Raises InvalidDocumentException."""
    import boto3
    from samtranslator.translator.translator import Translator

    session = boto3.session.Session(region_name=REGION)
    plain: dict[str, Any] = Translator({}, _parser(), boto_session=session).translate(copy.deepcopy(template), {})
    return plain


def _parser() -> Any:
    from samtranslator.parser.parser import Parser

    return Parser()
