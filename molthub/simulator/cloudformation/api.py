"""CloudFormation's operations: parameters in, the answer or a refusal out. Wordings are AWS's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from molthub.simulator.cloudformation import views
from molthub.simulator.cloudformation.bodies import template_body
from molthub.simulator.cloudformation.calling import Caller
from molthub.simulator.cloudformation.diff import changes_of
from molthub.simulator.cloudformation.engine import Formation
from molthub.simulator.cloudformation.expressions import in_order, references
from molthub.simulator.cloudformation.kinds.table import kind_of
from molthub.simulator.cloudformation.runs import Applying, Deleting
from molthub.simulator.cloudformation.state import ChangeSet, Json, Place, Stack
from molthub.simulator.paging import page
from molthub.simulator.refusals import MalformedRequestError, RefusalError

CHANGE_SET_SECONDS = 3.0
EVENTS_A_PAGE = 100
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
NAMED = {"AWS::IAM::Role": "RoleName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName"}


def create_change_set(formation: Formation, place: Place, params: Json) -> Json:
    template = _template(params, formation.caller(place))
    stack = _stack_to_change(formation, place, params)
    name = params["ChangeSetName"]
    if name in stack.change_sets:
        raise RefusalError("AlreadyExistsException", f"ChangeSet {name} already exists")
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags", ())}
    made = ChangeSet(
        id=_arn(place, f"changeSet/{name}/{formation.ids.uuid()}"),
        name=name,
        kind=params.get("ChangeSetType", "UPDATE"),
        template=template,
        tags=tags,
        changes=changes_of(stack, template, tags),
        created_at=formation.now,
    )
    stack.change_sets[name] = made
    formation.agenda.after(CHANGE_SET_SECONDS, lambda: _ready(stack, made))
    return {"Id": made.id, "StackId": stack.id}


def _ready(stack: Stack, made: ChangeSet) -> None:
    same_outputs = stack.template.get("Outputs", {}) == made.template.get("Outputs", {})
    if not made.changes and same_outputs:
        made.status, made.reason = "FAILED", NO_CHANGES
    else:
        made.status, made.execution = "CREATE_COMPLETE", "AVAILABLE"


def _template(params: Json, caller: Caller) -> Json:
    body = template_body(params, caller)
    try:
        template: Json = json.loads(body)
        resources: Json = template["Resources"]
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedRequestError("ValidationError", "Template format error: no JSON with Resources") from error
    in_order(resources)
    for item in resources.values():
        kind_of(item["Type"])
    unknown = references(template.get("Outputs", {})) - resources.keys()
    if unknown:
        message = (
            f"Unresolved resource dependencies [{', '.join(sorted(unknown))}] in the Outputs block of the template"
        )
        raise MalformedRequestError("ValidationError", f"Template format error: {message}")
    _check_capabilities(resources, params.get("Capabilities", []))
    return template


def _check_capabilities(resources: Mapping[str, Json], given: list[str]) -> None:
    named = [item for item in resources.values() if NAMED.get(item["Type"], "-") in item.get("Properties", {})]
    if named and "CAPABILITY_NAMED_IAM" not in given:
        raise RefusalError("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")


def _stack_to_change(formation: Formation, place: Place, params: Json) -> Stack:
    name = params["StackName"]
    stack = place.find(name)
    if params.get("ChangeSetType") == "CREATE":
        if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            again = f"cannot be created again with the changeSet [{params['ChangeSetName']}]"
            message = f"Stack [{name}] already exists and {again}."
            raise RefusalError("ValidationError", message)
        return stack or _new_stack(formation, place, name)
    if stack is None:
        raise RefusalError("ValidationError", f"Stack [{name}] does not exist")
    if stack.busy or stack.status in {
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_FAILED",
        "DELETE_FAILED",
    }:
        raise RefusalError("ValidationError", f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
    return stack


def _new_stack(formation: Formation, place: Place, name: str) -> Stack:
    stack = Stack(_arn(place, f"stack/{name}/{formation.ids.uuid()}"), name, formation.now, "REVIEW_IN_PROGRESS")
    place.stacks.append(stack)
    formation.tell(
        stack, name, "AWS::CloudFormation::Stack", physical=stack.id, status=stack.status, reason="User Initiated"
    )
    return stack


def _arn(place: Place, rest: str) -> str:
    return f"arn:aws:cloudformation:{place.region}:{place.account}:{rest}"


def _find(place: Place, name: str) -> Stack:
    stack = place.find(name)
    if stack is None:
        raise RefusalError("ValidationError", f"Stack with id {name} does not exist")
    return stack


def _find_set(place: Place, params: Json) -> tuple[Stack, ChangeSet]:
    reference = params["ChangeSetName"]
    for stack in place.stacks:
        if "StackName" in params and stack is not place.find(params["StackName"]):
            continue
        for item in stack.change_sets.values():
            if reference in {item.id, item.name}:
                return stack, item
    raise RefusalError("ChangeSetNotFound", f"ChangeSet [{reference}] does not exist", status=404)


def describe_change_set(formation: Formation, place: Place, params: Json) -> Json:
    stack, found = _find_set(place, params)
    return views.change_set_view(formation, stack, found)


def execute_change_set(formation: Formation, place: Place, params: Json) -> Json:
    stack, found = _find_set(place, params)
    if found.execution != "AVAILABLE":
        message = f"ChangeSet [{found.id}] cannot be executed in its current status of [{found.status}]"
        raise RefusalError("InvalidChangeSetStatus", message)
    if stack.busy:
        message = f"Stack:{stack.id} is in {stack.status} state and can not be updated."
        raise RefusalError("ValidationError", message)
    stack.token = params.get("ClientRequestToken", "")
    stack.change_sets.clear()
    Applying(formation, place, stack, found.template, found.tags).start()
    return {}


def list_change_sets(formation: Formation, place: Place, params: Json) -> Json:
    stack = _find(place, params["StackName"])
    return {"Summaries": [views.change_set_summary(formation, stack, item) for item in stack.change_sets.values()]}


def delete_change_set(_formation: Formation, place: Place, params: Json) -> Json:
    stack, found = _find_set(place, params)
    del stack.change_sets[found.name]
    return {}


def describe_stacks(formation: Formation, place: Place, params: Json) -> Json:
    if "StackName" in params:
        return {"Stacks": [views.stack_view(formation, _find(place, params["StackName"]))]}
    return {"Stacks": [views.stack_view(formation, stack) for stack in place.stacks if not stack.gone]}


def describe_stack_events(formation: Formation, place: Place, params: Json) -> Json:
    stack = _find(place, params["StackName"])
    newest_first = list(enumerate(reversed(stack.events)))
    chosen, following = page(
        newest_first,
        key=lambda item: f"{item[0]:09d}",
        token=params.get("NextToken"),
        limit=EVENTS_A_PAGE,
        bad_token="ValidationError",  # noqa: S106 - an error code
    )
    found: Json = {"StackEvents": [views.event_view(formation, stack, event) for _, event in chosen]}
    return found | ({"NextToken": following} if following else {})


def describe_stack_resources(formation: Formation, place: Place, params: Json) -> Json:
    stack = _find(place, params["StackName"])
    return {"StackResources": [views.resource_view(formation, stack, item) for item in stack.resources.values()]}


def delete_stack(formation: Formation, place: Place, params: Json) -> Json:
    """Deleting what is not there is no error."""
    stack = place.find(params["StackName"])
    if stack is None or stack.gone or stack.status == "DELETE_IN_PROGRESS":
        return {}
    if stack.protected:
        message = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        raise RefusalError("ValidationError", message)
    kept = frozenset(params.get("RetainResources", ()))
    if kept and stack.status != "DELETE_FAILED":
        message = "Invalid operation on stack. RetainResources can only be specified on DELETE_FAILED stacks"
        raise RefusalError("ValidationError", message)
    stack.token = params.get("ClientRequestToken", "")
    stack.change_sets.clear()
    Deleting(formation, place, stack, kept).start()
    return {}


def update_termination_protection(_formation: Formation, place: Place, params: Json) -> Json:
    stack = _find(place, params["StackName"])
    stack.protected = bool(params["EnableTerminationProtection"])
    return {"StackId": stack.id}


Operation = Callable[[Formation, Place, Json], Json]

OPERATIONS: Mapping[str, Operation] = {
    "CreateChangeSet": create_change_set,
    "DeleteChangeSet": delete_change_set,
    "DeleteStack": delete_stack,
    "DescribeChangeSet": describe_change_set,
    "DescribeStackEvents": describe_stack_events,
    "DescribeStackResources": describe_stack_resources,
    "DescribeStacks": describe_stacks,
    "ExecuteChangeSet": execute_change_set,
    "ListChangeSets": list_change_sets,
    "UpdateTerminationProtection": update_termination_protection,
}


def call(formation: Formation, operation: str, *, account: str, region: str, params: dict[str, Any]) -> Json:
    """Carry out an operation. Raises a violation for one that nobody here knows."""
    if operation not in OPERATIONS:
        message = f"the simulator does not emulate cloudformation:{operation}"
        raise MalformedRequestError("UnsupportedOperation", message, ref="MH-SIM-003")
    return OPERATIONS[operation](formation, formation.place(account, region), params)
