"""What the parts of the template are made with.

Strings may hold `${Logical}`, `${Logical.Attribute}` and `${AWS::Region}`: `resolved` turns them into Fn::Sub at the
end, so that policy documents and ARNs are written as people read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from molthub.provider.bootstrap import BaseSpec
from molthub.resources.identity import TAG_ENVIRONMENT, TAG_FLEET, TAG_WORKSPACE

Json = dict[str, Any]

_OURS = re.compile(r"\$\{(?:AWS::[A-Za-z]+|[A-Z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)?)\}")
_ANY = re.compile(r"\$\{(?!!)")
_ONLY_REF = re.compile(r"\$\{((?:AWS::)?[A-Za-z0-9]+)\}")
_ONLY_ATTRIBUTE = re.compile(r"\$\{([A-Z][A-Za-z0-9]*)\.([A-Za-z0-9]+)\}")


@dataclass(frozen=True, slots=True)
class Part:
    """Some resources and outputs of the template."""

    resources: Json = field(default_factory=dict)
    outputs: Json = field(default_factory=dict)


def joined(parts: Iterable[Part]) -> Part:
    """All parts as one. Raises ValueError for a logical id that two parts use."""
    resources: Json = {}
    outputs: Json = {}
    for part in parts:
        twice = (resources.keys() & part.resources.keys()) | (outputs.keys() & part.outputs.keys())
        if twice:
            raise ValueError(f"two parts of the template use {sorted(twice)}")
        resources |= part.resources
        outputs |= part.outputs
    return Part(resources, outputs)


def resource(kind: str, /, *, after: str | None = None, keep: bool = False, **properties: Any) -> Json:
    """A resource. after: DependsOn; keep: it holds state, so replacing it must not delete the old one."""
    made: Json = {"Type": kind}
    if after is not None:
        made["DependsOn"] = after
    if keep:
        made |= {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Retain"}
    if properties:
        made["Properties"] = {name: value for name, value in properties.items() if value is not None}
    return made


def output(value: Any, description: str) -> Json:
    return {"Value": value, "Description": description}


def ref(name: str) -> Json:
    return {"Ref": name}


def attribute(name: str, which: str) -> Json:
    return {"Fn::GetAtt": [name, which]}


def named(text: str) -> list[Json]:
    """The Name tag, for people who look at the console. The tags that make things ours are the stack's own."""
    return [{"Key": "Name", "Value": text}]


def tags_of(spec: BaseSpec) -> dict[str, str]:
    """The stack's tags."""
    key = spec.key
    return {TAG_FLEET: spec.fleet, TAG_WORKSPACE: key.workspace, TAG_ENVIRONMENT: key.environment}


def policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(service: str, **condition: Any) -> Json:
    """A trust policy for one AWS service."""
    statement: Json = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return policy(statement | ({"Condition": condition} if condition else {}))


def resolved(value: Any) -> Any:
    """The same with every `${…}` that CloudFormation is to fill in turned into Ref, Fn::GetAtt or Fn::Sub."""
    if isinstance(value, dict):
        return {key: resolved(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(item) for item in value]
    if not isinstance(value, str) or not _OURS.search(value):
        return value
    if match := _ONLY_REF.fullmatch(value):
        return {"Ref": match[1]}
    if match := _ONLY_ATTRIBUTE.fullmatch(value):
        return {"Fn::GetAtt": [match[1], match[2]]}
    return {"Fn::Sub": _ANY.sub(lambda found: _escaped(found, value), value)}


def _escaped(found: re.Match[str], text: str) -> str:
    """IAM's own variables (`${aws:PrincipalTag/…}`) must reach IAM as they are: CloudFormation spells that `${!…}`."""
    return "${" if _OURS.match(text, found.start()) else "${!"
