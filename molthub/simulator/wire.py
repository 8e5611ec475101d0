"""Requests as they come over the wire, decoded by botocore's own service model: JSON, query, EC2 query, CBOR, REST."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel, Shape
from botocore.session import Session

from molthub.simulator import cbor
from molthub.simulator.refusals import MalformedRequestError
from molthub.simulator.rest import Address, find_operation, parameters

Json = dict[str, Any]

SERVICES = {
    "backup": "backup",
    "cloudformation": "cloudformation",
    "ec2": "ec2",
    "ecr": "ecr",
    "ecs": "ecs",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "iam": "iam",
    "kms": "kms",
    "logs": "logs",
    "route53": "route53",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "servicequotas": "service-quotas",
    "sts": "sts",
    "tagging": "resourcegroupstaggingapi",
    "wafv2": "wafv2",
}
"""The name a request is signed for → botocore's name of the service. Nothing else is served."""

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_READS = ("Describe", "List", "Get", "Head", "BatchGet", "Lookup", "Filter")


@dataclass(frozen=True, slots=True)
class Call:
    """One request. params: as the model names them; unknown: paths of members that the model does not have."""

    service: str
    operation: str
    region: str
    access_key: str
    protocol: str
    model: OperationModel
    params: Json
    unknown: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def is_write(self) -> bool:
        return is_write(self.operation)


def is_write(operation: str) -> bool:
    """A write is anything but Describe, List, Get, Head, Filter and the like."""
    return not operation.startswith(_READS)


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service."""
    return _session().get_service_model(service)


@cache
def _session() -> Session:
    return Session()


@dataclass(frozen=True, slots=True)
class Envelope:
    """What can be told of a request without its body: enough to count it and to answer in its protocol."""

    service: str
    operation: str
    region: str
    access_key: str
    protocol: str
    body: bytes = field(repr=False, default=b"")
    address: Address | None = field(repr=False, default=None)

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"


def open_envelope(address: Address, body: bytes) -> Envelope:
    """Who calls what. Never fails: what cannot be told is `unknown`."""
    headers, path = address.headers, address.path
    match = _CREDENTIAL.search(headers.get("authorization", ""))
    access_key, region, signed_for = match.groups() if match else ("anonymous", "us-east-1", "unknown")
    service = SERVICES.get(signed_for, signed_for)
    target = headers.get("x-amz-target", "")
    rest = _rest_protocol(service)
    if rest is not None:
        operation = find_operation(service_model(service), address) or "unknown"
        return Envelope(service, operation, region, access_key, rest, body, address)
    cbor_call = re.fullmatch(r"/service/[^/]+/operation/(\w+)", path)
    if cbor_call:
        operation, protocol = cbor_call[1], "cbor"
    elif target:
        operation, protocol = target.rpartition(".")[2], "json"
    else:
        operation = dict(parse_qsl(body.decode("utf-8", "replace"))).get("Action", "unknown")
        protocol = "ec2" if service == "ec2" else "query"
    return Envelope(service, operation, region, access_key, protocol, body)


def _rest_protocol(service: str) -> str | None:
    """`rest-json` or `rest-xml` for the services that speak it."""
    if service not in SERVICES.values():
        return None
    protocol = str(service_model(service).metadata["protocol"])
    return protocol if protocol.startswith("rest-") else None


def decode(envelope: Envelope) -> Call:
    """The request's parameters by the model. Raises MalformedRequestError for what no AWS endpoint understands."""
    if envelope.service not in SERVICES.values():
        raise MalformedRequestError(
            "UnknownService", f"the simulator has no service {envelope.service}", ref="MH-SIM-003"
        )
    try:
        model = service_model(envelope.service).operation_model(envelope.operation)
    except (OperationNotFoundError, UnknownServiceError) as error:
        message = f"{envelope.service} has no operation {envelope.operation}"
        raise MalformedRequestError("InvalidAction", message, ref="MH-SIM-003") from error
    params, unknown = _params(envelope, model)
    return Call(
        service=envelope.service,
        operation=envelope.operation,
        region=envelope.region,
        access_key=envelope.access_key,
        protocol=envelope.protocol,
        model=model,
        params=params,
        unknown=tuple(unknown),
    )


def _params(envelope: Envelope, model: OperationModel) -> tuple[Json, list[str]]:
    try:
        if envelope.protocol == "json":
            return _without_nulls(json.loads(envelope.body or b"{}")), []
        if envelope.protocol == "cbor":
            return _without_nulls(cbor.loads(envelope.body) if envelope.body else {}), []
        if envelope.address is not None:
            return parameters(model, envelope.address, envelope.body)
    except (ValueError, ElementTree.ParseError) as error:
        raise MalformedRequestError("SerializationException", "the body cannot be decoded") from error
    pairs = parse_qsl(envelope.body.decode("utf-8"), keep_blank_values=True)
    flat = {key: value for key, value in pairs if key not in {"Action", "Version"}}
    unknown: list[str] = []
    if model.input_shape is None:
        return {}, sorted(flat)
    decoder = _QueryDecoder(ec2=envelope.protocol == "ec2", unknown=unknown)
    return decoder.structure(model.input_shape, _tree(flat), ""), unknown


def _without_nulls(value: Any) -> Any:
    """null means "not given" in AWS's JSON."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _tree(flat: Mapping[str, str]) -> Json:
    """`a.b.1=x` → {"a": {"b": {"1": "x"}}}."""
    root: Json = {}
    for key, value in flat.items():
        *parents, leaf = key.split(".")
        node = root
        for part in parents:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                child = node[part] = {}
            node = child
        node[leaf] = value
    return root


class _QueryDecoder:
    """Form parameters to typed ones. Scalars that do not parse stay text, for the validation to complain of."""

    def __init__(self, *, ec2: bool, unknown: list[str]) -> None:
        self._ec2 = ec2
        self._unknown = unknown

    def structure(self, shape: Any, node: Json, path: str) -> Json:
        names = {self._wire_name(name, member): (name, member) for name, member in shape.members.items()}
        result: Json = {}
        for key, value in node.items():
            if key not in names:
                self._unknown.append(f"{path}{key}")
                continue
            name, member = names[key]
            result[name] = self._value(member, value, f"{path}{name}")
        return result

    def _wire_name(self, name: str, member: Shape) -> str:
        serialization: dict[str, Any] = member.serialization
        if self._ec2:
            if "queryName" in serialization:
                return str(serialization["queryName"])
            plain = str(serialization.get("name", name))
            return plain[0].upper() + plain[1:]
        if member.type_name == "list" and serialization.get("flattened"):
            return str(getattr(member, "member", member).serialization.get("name", name))
        return str(serialization.get("name", name))

    def _value(self, shape: Any, node: Any, path: str) -> Any:
        match shape.type_name:
            case "structure":
                return self.structure(shape, node, f"{path}.") if isinstance(node, dict) else node
            case "list":
                return self._list(shape, node, path)
            case "map":
                return self._map(shape, node, path)
            case "integer" | "long":
                return int(node) if isinstance(node, str) and re.fullmatch(r"-?\d+", node) else node
            case "boolean":
                return {"true": True, "false": False}.get(node, node) if isinstance(node, str) else node
            case _:
                return node

    def _list(self, shape: Any, node: Any, path: str) -> Any:
        if node == "":
            return []
        if not isinstance(node, dict):
            return node
        if not self._ec2 and not shape.serialization.get("flattened"):
            node = node.get(shape.member.serialization.get("name", "member"), node)
        numbered = sorted(((int(key), item) for key, item in node.items() if key.isdigit()), key=lambda pair: pair[0])
        self._unknown.extend(f"{path}.{key}" for key in node if not key.isdigit())
        return [self._value(shape.member, item, f"{path}[{index}]") for index, (_, item) in enumerate(numbered)]

    def _map(self, shape: Any, node: Any, path: str) -> Any:
        if not isinstance(node, dict):
            return node
        entries = node.get("entry", node).values()
        return {entry.get("key", ""): self._value(shape.value, entry.get("value"), path) for entry in entries}
