"""Which AWS operations the code calls: a walk over the source of molthub/aws, without running it.

A call is one of the seam's methods with a service and an operation: `api.call("ecs", "ListTasks", …)`,
`target.try_write(CODES, SM, "CreateSecret", …)`. A service may be a constant of the module. Where the operation is a
variable, every constant of the module that names an operation of that service counts as called; where there is none,
the walk raises: a call it cannot read would be a permission nobody knows of. So does a method that is handed on instead
of being called (`call = api.call`, `partial(api.call, …)`, `getattr(api, "call")`), for nobody could say with what.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from botocore.session import Session

import molthub.aws

ROOT = Path(molthub.aws.__path__[0])
FIRST = {"call": 0, "pages": 0, "items": 0, "write": 0, "expecting": 1, "try_write": 1}
"""The seam's methods, and which argument is the service."""

SEAM = frozenset({"api.py", "writers/target.py"})
"""What defines these methods and only hands their arguments on."""

BESIDE_THE_SEAM = {"clients.py": (("sts", "AssumeRole"), ("sts", "GetCallerIdentity"))}
"""Calls made before there is a seam."""


@dataclass(frozen=True, slots=True, order=True)
class AwsCall:
    """One operation called somewhere. module: below molthub/aws."""

    service: str
    operation: str
    module: str


def calls_in_code(root: Path = ROOT) -> set[AwsCall]:
    """Every operation that is called below the folder."""
    found = {AwsCall(*known, module) for module, calls in BESIDE_THE_SEAM.items() for known in calls}
    for path in sorted(root.rglob("*.py")):
        module = path.relative_to(root).as_posix()
        if module not in SEAM:
            found |= set(calls_of(path.read_text(), module))
    return found


def calls_of(source: str, module: str) -> Iterator[AwsCall]:
    """The operations called in one module's source. Raises ValueError for a call that cannot be read."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    _refuse_what_is_handed_on(tree, module)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for node in ast.walk(tree):
        pair = _arguments(node)
        if pair is None:
            continue
        if any(isinstance(item, ast.Starred) for item in pair):
            raise ValueError(f"{module}:{pair[0].lineno}: a call of the seam with a star cannot be read")
        service, operation = (_text(item, constants) for item in pair)
        if service is None:
            raise ValueError(f"{module}:{pair[0].lineno}: the service of this call is no constant")
        if service not in services():
            continue  # a namesake of the seam's methods
        named = {operation} if operation is not None else texts & operations(service)
        if not named:
            raise ValueError(f"{module}:{pair[1].lineno}: no constant of the module names this {service} operation")
        yield from (AwsCall(service, name, module) for name in named)


def _refuse_what_is_handed_on(tree: ast.Module, module: str) -> None:
    """Raise ValueError for one of the seam's methods that is not called where it is named."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        named = isinstance(node, ast.Attribute) and node.attr in FIRST and id(node) not in called
        if named or _is_fetched(node):
            assert isinstance(node, ast.expr)
            raise ValueError(f"{module}:{node.lineno}: a method of the seam is handed on: call it where it is named")


def _is_fetched(node: ast.AST) -> bool:
    """`getattr(api, "call")`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != "getattr":
        return False
    return any(isinstance(item, ast.Constant) and item.value in FIRST for item in node.args)


def _arguments(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    """Service and operation of a call of the seam."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in FIRST:
        return None
    first = FIRST[node.func.attr]
    stars = [item for item in node.args[: first + 2] if isinstance(item, ast.Starred)]
    if stars:
        return stars[0], stars[0]
    return (node.args[first], node.args[first + 1]) if len(node.args) >= first + 2 else None


def _text(node: ast.expr, constants: dict[str, object]) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(node, ast.Name):
        value = constants.get(node.id)
    return value if isinstance(value, str) else None


@cache
def services() -> frozenset[str]:
    return frozenset(_session().get_available_services())


@cache
def operations(service: str) -> frozenset[str]:
    return frozenset(_session().get_service_model(service).operation_names)


@cache
def _session() -> Session:
    return Session()
