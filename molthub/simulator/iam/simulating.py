"""SimulatePrincipalPolicy: the evaluator's word on actions, resources and a context that the caller makes up.

Without resource policies and organisations, as all of the emulated IAM. The account's own root may do everything.
"""

from __future__ import annotations

from typing import Any

from molthub.simulator.iam.evaluator import Ask, Rights, decide
from molthub.simulator.iam.principals import find_role, rights_of
from molthub.simulator.refusals import RefusalError
from molthub.simulator.wire import Call
from molthub.simulator.world import World

ALL: Rights = Rights(({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},))


def simulate(world: World, call: Call) -> dict[str, Any]:
    """The results, an entry for each action and resource. Raises NoSuchEntity for a principal that is not there."""
    params = call.params
    rights = _rights(world, params["PolicySourceArn"])
    context = {
        entry["ContextKeyName"].lower(): tuple(entry["ContextKeyValues"]) for entry in params.get("ContextEntries", ())
    }
    results = []
    for action in params["ActionNames"]:
        for resource in params.get("ResourceArns", ["*"]):
            decision = decide(rights, Ask(action, resource, context))
            denied = "explicitDeny" if "explicit" in decision.why else "implicitDeny"
            results.append(
                {
                    "EvalActionName": action,
                    "EvalResourceName": resource,
                    "EvalDecision": "allowed" if decision.allowed else denied,
                }
            )
    return {"EvaluationResults": results, "IsTruncated": False}


def _rights(world: World, arn: str) -> Rights:
    if ":role/" not in arn:  # users of the simulated account have no policies: they may do everything
        return ALL
    role = find_role(world.moto, arn)
    if role is None:
        name = arn.rpartition("/")[2]
        raise RefusalError("NoSuchEntity", f"The role with name {name} cannot be found.", status=404)
    return rights_of(world.moto, role)
