"""A plan file read back: what it was made from, and whether it still says what would be done.

The file is data from outside: every field that is used is checked, and a wrong one is named.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from molthub.errors import Diagnostic, StallingError
from molthub.planning.types import PLAN_FORMAT, EnvironmentPlan, InstancePlan, Plan
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.states import Verdict

UNREADABLE = "MH-PLAN-020"
OTHER_FORMAT = "MH-PLAN-021"
STALE = "MH-PLAN-022"
NOT_APPLICABLE = "MH-PLAN-023"

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_AGAIN = "Run 'molthub plan --out' again, look at it, and apply that one"


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What `apply plan.json` needs of the file.

    environments, instances  the scope it was made for; both empty: the whole fleet
    fingerprints             of the instances it would apply, by identity
    """

    fleet: str
    commit: str
    environments: frozenset[EnvironmentKey]
    instances: frozenset[str]
    fingerprints: Mapping[Identity, str]


def read_plan(text: str) -> PlanFile:
    """The plan file, checked. Raises StallingError: MH-PLAN-020 malformed, -021 another version, -023 not appliable."""
    data = _parse(text)
    if data.get("format") != PLAN_FORMAT:
        raise StallingError(
            OTHER_FORMAT,
            f"the plan file has the format {str(data.get('format'))[:80]!r}, this Molthub reads {PLAN_FORMAT!r}",
            fix=_AGAIN,
        )
    commit = data.get("commit")
    if data.get("applicable") is not True or commit is None:
        raise StallingError(
            NOT_APPLICABLE,
            "the plan file was made from a working tree, or says itself that it cannot be applied",
            fix="Commit the change, and plan that commit",
        )
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise _malformed("commit is not a full commit hash")
    fleet = _text(data, "fleet")
    scope = _mapping(data, "scope")
    return PlanFile(
        fleet=fleet,
        commit=commit,
        environments=frozenset(_key(value) for value in _texts(scope, "environments")),
        instances=frozenset(_texts(scope, "instances")),
        fingerprints=dict(_fingerprints(data, fleet)),
    )


def stale_reasons(plan_file: PlanFile, plan: Plan) -> tuple[Diagnostic, ...]:
    """Why the file no longer says what would be done, given a plan made anew at its commit; empty: it still does.

    Only the instances that the file would apply count. One that is as it should be by now is no reason.
    """
    if (plan.fleet, plan.commit) != (plan_file.fleet, plan_file.commit):
        return (
            _stale(f"the plan file is of {plan_file.fleet} at {plan_file.commit}, not {plan.fleet} at {plan.commit}"),
        )
    now = {item.identity: item for item in plan.instances}
    return tuple(
        found
        for identity, fingerprint in plan_file.fingerprints.items()
        if (found := _why_stale(fingerprint, now.get(identity))) is not None
    )


def only_planned(plan_file: PlanFile, plan: Plan) -> Plan:
    """The plan with just the instances that the file would apply: what else has changed since is not carried out."""
    return dataclasses.replace(plan, environments=tuple(_restrict(item, plan_file) for item in plan.environments))


def _restrict(environment: EnvironmentPlan, plan_file: PlanFile) -> EnvironmentPlan:
    kept = tuple(item for item in environment.instances if item.identity in plan_file.fingerprints)
    return dataclasses.replace(environment, instances=kept)


def _why_stale(fingerprint: str, now: InstancePlan | None) -> Diagnostic | None:
    if now is None:
        return None  # neither wanted nor there any more: its deletion is done
    if now.verdict is Verdict.SYNCED or (now.verdict is Verdict.SUSPENDED and not now.changes):
        return None
    if not now.may_apply:
        why = f": {now.reasons[0].message}" if now.reasons else ""
        return _stale(f"{now.name} is {now.verdict} by now{why}", now.name)
    if now.fingerprint != fingerprint:
        return _stale(f"what would be done to {now.name} is not what the plan file shows", now.name)
    return None


def _stale(message: str, subject: str | None = None) -> Diagnostic:
    return Diagnostic(STALE, message, fix=_AGAIN, subject=subject)


# -- reading ----------------------------------------------------------------------------------------------


def _parse(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _malformed("it is not JSON") from error
    if not isinstance(data, dict):
        raise _malformed("it is not an object")
    return data


def _fingerprints(data: dict[str, Any], fleet: str) -> Iterator[tuple[Identity, str]]:
    for environment in _objects(data, "environments"):
        workspace, name = _text(environment, "workspace"), _text(environment, "environment")
        for instance in _objects(environment, "instances"):
            if instance.get("mayApply") is True:
                identity = Identity(fleet, workspace, name, _text(instance, "id"))
                yield identity, _text(instance, "fingerprint")


def _key(text: str) -> EnvironmentKey:
    workspace, slash, environment = text.partition("/")
    if not workspace or not slash or not environment:
        raise _malformed("scope.environments holds something that is not WORKSPACE/ENVIRONMENT")
    return EnvironmentKey(workspace, environment)


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise _malformed(f"{name} is missing or not a string")
    return value


def _texts(data: dict[str, Any], name: str) -> list[str]:
    values = data.get(name)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _malformed(f"{name} is missing or not a list of strings")
    return values


def _objects(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    values = data.get(name)
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise _malformed(f"{name} is missing or not a list of objects")
    return values


def _mapping(data: dict[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    if not isinstance(value, dict):
        raise _malformed(f"{name} is missing or not an object")
    return value


def _malformed(what: str) -> StallingError:
    return StallingError(UNREADABLE, f"the plan file cannot be read: {what}", fix=_AGAIN)
