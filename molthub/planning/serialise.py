"""A plan as JSON for machines, and the plan file that `apply plan.json` reads back.

The shape, version `molthub.dev/plan/v1` (fields are added, never renamed):

    format fleet commit applicable errored hasChanges
    scope        {environments: ["workspace/name"], instances: [name]}; both empty: the whole fleet
    summary      {create, update, replace, delete}: resources of the instances that may be applied
    diagnostics  [diagnostic]
    environments [{workspace, environment, maxConcurrent, stopAfterFailures, reasons, instances}]
      instance   {id, name, verdict, mayApply, fingerprint, rolloutId, reasons, notices, changes,
                  fallback, resume, withoutBackup}: these three are changes, too: what is done when the rollout fails
                  (the state is restored), when a backup fails that is required, and when one fails that is not
      change     {action, kind, name, restarts, force, afterRollout, unchanged, attributes}
      attribute  {path, before, after, forcesReplacement}
    diagnostic   {ref, severity, message, fix, subject, path, line, column}

A plan file does not carry the resources themselves: applying it plans again at the same commit and compares
fingerprints, so a tampered file can at most be stale. Strings are as they are; whoever prints them to a terminal
escapes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from molthub.errors import Diagnostic
from molthub.planning.types import PLAN_FORMAT, Action, AttributeChange, Change, EnvironmentPlan, InstancePlan, Plan
from molthub.resources.identity import EnvironmentKey
from molthub.resources.normal import to_json as resource_json

SUMMARISED = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)


def to_json(
    plan: Plan, *, environments: Iterable[EnvironmentKey] = (), instances: Iterable[str] = ()
) -> dict[str, Any]:
    """The documented JSON data of a plan. environments, instances: the scope it was made for, empty for all."""
    return {
        "format": PLAN_FORMAT,
        "fleet": plan.fleet,
        "commit": plan.commit,
        "applicable": plan.applicable,
        "errored": plan.errored,
        "hasChanges": plan.has_changes,
        "scope": {"environments": sorted(str(key) for key in environments), "instances": sorted(instances)},
        "summary": {action.word: plan.count(action) for action in SUMMARISED},
        "diagnostics": [diagnostic_json(item) for item in plan.diagnostics],
        "environments": [_environment(item) for item in plan.environments],
    }


def dump_plan(plan: Plan, *, environments: Iterable[EnvironmentKey] = (), instances: Iterable[str] = ()) -> str:
    """The text of a plan file: the same plan always gives the same bytes. ASCII only."""
    return json.dumps(to_json(plan, environments=environments, instances=instances), indent=2) + "\n"


def diagnostic_json(item: Diagnostic) -> dict[str, Any]:
    """The documented JSON data of one diagnostic."""
    location = item.location
    return {
        "ref": item.ref,
        "severity": item.severity.value,
        "message": item.message,
        "fix": item.fix,
        "subject": item.subject,
        "path": location.path if location else None,
        "line": location.line if location else None,
        "column": location.column if location else None,
    }


def _environment(plan: EnvironmentPlan) -> dict[str, Any]:
    return {
        "workspace": plan.key.workspace,
        "environment": plan.key.environment,
        "maxConcurrent": plan.max_concurrent,
        "stopAfterFailures": plan.stop_after_failures,
        "reasons": [diagnostic_json(item) for item in plan.reasons],
        "instances": [_instance(item) for item in plan.instances],
    }


def _instance(plan: InstancePlan) -> dict[str, Any]:
    return {
        "id": plan.identity.id,
        "name": plan.name,
        "verdict": plan.verdict.value,
        "mayApply": plan.may_apply,
        "fingerprint": plan.fingerprint,
        "rolloutId": plan.rollout_id,
        "reasons": [diagnostic_json(item) for item in plan.reasons],
        "notices": [diagnostic_json(item) for item in plan.notices],
        "changes": [_change(item) for item in plan.changes],
        "fallback": [_change(item) for item in plan.fallback],
        "resume": [_change(plan.resume)] if plan.resume else [],
        "withoutBackup": [_change(item) for item in plan.without_backup],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "action": change.action.word,
        "kind": change.kind.value,
        "name": change.name,
        "restarts": change.restarts,
        "force": change.force,
        "afterRollout": change.after_rollout,
        "unchanged": change.unchanged,
        "attributes": [_attribute(item) for item in change.attributes],
    }


def _attribute(item: AttributeChange) -> dict[str, Any]:
    return {
        "path": item.path,
        "before": resource_json(item.before),
        "after": resource_json(item.after),
        "forcesReplacement": item.forces_replacement,
    }
