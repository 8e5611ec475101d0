"""Requests of the REST protocols (S3, Route 53, EFS, AWS Backup): the operation found by method and address, its
parameters put together from address, query string, headers and body, as the service's model says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

from botocore.model import OperationModel, ServiceModel

Json = dict[str, Any]

_LABEL = re.compile(r"\{(\w+)(\+?)\}")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes and with what. path: as sent, still quoted; headers: lower-case names."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]

    def asked(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class _Route:
    """One operation's place in the model. literals: query keys that tell it from its neighbours (`?versioning`)."""

    operation: str
    method: str
    pattern: re.Pattern[str]
    labels: int
    literals: tuple[tuple[str, str], ...]
    needed: tuple[tuple[str, str], ...]
    deprecated: bool

    def matches(self, address: Address) -> bool:
        asked = address.asked()
        return (
            self.method == address.method
            and self.pattern.fullmatch(address.path) is not None
            and all(key in asked and value in ("", asked[key]) for key, value in self.literals)
            and all(_is_given(address, asked, place, name) for place, name in self.needed)
        )

    @property
    def rank(self) -> tuple[int, bool, int]:
        return len(self.literals) + len(self.needed), not self.deprecated, -self.labels


def find_operation(model: ServiceModel, address: Address) -> str | None:
    """The operation that the model has at this address; the one that asks for most where several fit."""
    fitting = [route for route in _routes(model) if route.matches(address)]
    return max(fitting, key=lambda route: route.rank).operation if fitting else None


def parameters(model: OperationModel, address: Address, body: bytes) -> tuple[Json, list[str]]:
    """The parameters, and the paths of body members that the model does not have. Raises ValueError."""
    params: Json = _path_labels(model, address)
    shape: Any = model.input_shape
    if shape is None:
        return params, []
    asked = address.asked()
    for name, member in shape.members.items():
        found = _located(member, asked, address.headers, name)
        if found is not None:
            params[name] = found
    unknown: list[str] = []
    params |= _body(model, shape, body, unknown)
    return params, unknown


@cache
def _routes(model: ServiceModel) -> tuple[_Route, ...]:
    return tuple(_route(model.operation_model(name)) for name in model.operation_names)


def _route(operation: OperationModel) -> _Route:
    path, _, query = operation.http["requestUri"].partition("?")
    shape: Any = operation.input_shape
    needed = [
        (member.serialization["location"], member.serialization["name"])
        for name, member in (shape.members.items() if shape is not None else ())
        if name in shape.required_members and member.serialization.get("location") in {"querystring", "header"}
    ]
    return _Route(
        operation=operation.name,
        method=operation.http["method"],
        pattern=re.compile(_pattern(path)),
        labels=len(_LABEL.findall(path)),
        literals=tuple(parse_qsl(query, keep_blank_values=True)),
        needed=tuple(needed),
        deprecated=operation.deprecated,
    )


def _pattern(path: str) -> str:
    pieces, end = [], 0
    for match in _LABEL.finditer(path):
        pieces += [re.escape(path[end : match.start()]), f"(?P<{match[1]}>{'.+' if match[2] else '[^/]+'})"]
        end = match.end()
    return "".join([*pieces, re.escape(path[end:])]).removesuffix("/") + "/?"


def _is_given(address: Address, asked: Mapping[str, str], place: str, name: str) -> bool:
    return name in asked if place == "querystring" else name.lower() in address.headers


def _path_labels(model: OperationModel, address: Address) -> Json:
    match = re.fullmatch(_pattern(model.http["requestUri"].partition("?")[0]), address.path)
    groups = match.groupdict() if match else {}
    shape: Any = model.input_shape
    names = {
        member.serialization["name"]: name
        for name, member in (shape.members.items() if shape is not None else ())
        if member.serialization.get("location") == "uri"
    }
    return {names.get(label, label): unquote(text) for label, text in groups.items()}


def _located(member: Any, asked: Mapping[str, str], headers: Mapping[str, str], name: str) -> Any:
    """The member's value from query string or headers; None when it is not there."""
    where, key = member.serialization.get("location"), member.serialization.get("name", name)
    if where == "querystring" and key in asked:
        return [asked[key]] if member.type_name == "list" else _scalar(member, asked[key])
    if where == "header" and key.lower() in headers:
        return _scalar(member, headers[key.lower()])
    if where == "headers":
        prefix = key.lower()
        found = {header[len(prefix) :]: text for header, text in headers.items() if header.startswith(prefix)}
        return found or None
    return None


def _body(model: OperationModel, shape: Any, body: bytes, unknown: list[str]) -> Json:
    payload = shape.serialization.get("payload")
    is_xml = "xml" in str(model.service_model.metadata["protocol"])
    if payload is None:
        inner = {name for name, member in shape.members.items() if not member.serialization.get("location")}
        if not body or not inner:
            return {}
        return _structure(shape, ElementTree.fromstring(body), "", unknown) if is_xml else _from_json(body)  # noqa: S314 - own clients
    member = shape.members[payload]
    if not body:
        return {}
    if member.type_name in {"blob", "string"}:
        return {payload: body if member.type_name == "blob" else body.decode()}
    if not is_xml:
        return {payload: _from_json(body)}
    return {payload: _structure(member, ElementTree.fromstring(body), f"{payload}.", unknown)}  # noqa: S314 - own clients


def _from_json(body: bytes) -> Json:
    loaded = json.loads(body)
    if not isinstance(loaded, dict):
        raise ValueError("the body is no object")
    return {key: value for key, value in loaded.items() if value is not None}


def _structure(shape: Any, node: ElementTree.Element, path: str, unknown: list[str]) -> Json:
    names = {_xml_name(name, member): name for name, member in shape.members.items()}
    result: Json = {}
    for tag, children in _by_tag(node).items():
        if tag not in names:
            unknown.append(f"{path}{tag}")
            continue
        name = names[tag]
        result[name] = _value(shape.members[name], children, f"{path}{name}", unknown)
    return result


def _xml_name(name: str, member: Any) -> str:
    if member.type_name == "list" and member.serialization.get("flattened"):
        return str(member.member.serialization.get("name", member.serialization.get("name", name)))
    return str(member.serialization.get("name", name))


def _by_tag(node: ElementTree.Element) -> dict[str, list[ElementTree.Element]]:
    found: dict[str, list[ElementTree.Element]] = {}
    for child in node:
        found.setdefault(child.tag.rpartition("}")[2], []).append(child)
    return found


def _value(shape: Any, nodes: list[ElementTree.Element], path: str, unknown: list[str]) -> Any:
    match shape.type_name:
        case "structure":
            return _structure(shape, nodes[0], f"{path}.", unknown)
        case "list":
            return list(_items(shape, nodes, path, unknown))
        case _:
            return _scalar(shape, nodes[0].text or "")


def _items(shape: Any, nodes: list[ElementTree.Element], path: str, unknown: list[str]) -> Iterator[Any]:
    items = nodes if shape.serialization.get("flattened") else list(nodes[0])
    for index, item in enumerate(items):
        yield _value(shape.member, [item], f"{path}[{index}]", unknown)


def _scalar(shape: Any, text: str) -> Any:
    match shape.type_name:
        case "integer" | "long":
            return int(text) if re.fullmatch(r"-?\d+", text) else text
        case "boolean":
            return {"true": True, "false": False}.get(text.lower(), text)
        case _:
            return text
