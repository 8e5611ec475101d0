"""What CloudFormation's operations answer."""

from __future__ import annotations

from molthub.simulator.cloudformation.engine import Formation
from molthub.simulator.cloudformation.state import Change, ChangeSet, Event, Json, Resource, Stack


def stack_view(formation: Formation, stack: Stack) -> Json:
    outputs = stack.template.get("Outputs", {})
    found: Json = {
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": stack.template.get("Description", ""),
        "CreationTime": formation.date(stack.created_at),
        "StackStatus": stack.status,
        "EnableTerminationProtection": stack.protected,
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        "Outputs": [
            {"OutputKey": key, "OutputValue": value, "Description": outputs.get(key, {}).get("Description", "")}
            for key, value in stack.outputs.items()
        ],
    }
    if stack.reason:
        found["StackStatusReason"] = stack.reason
    if stack.updated_at is not None:
        found["LastUpdatedTime"] = formation.date(stack.updated_at)
    if stack.deleted_at is not None:
        found["DeletionTime"] = formation.date(stack.deleted_at)
    return found


def event_view(formation: Formation, stack: Stack, event: Event) -> Json:
    found: Json = {
        "StackId": stack.id,
        "EventId": event.id,
        "StackName": stack.name,
        "LogicalResourceId": event.name,
        "PhysicalResourceId": event.physical,
        "ResourceType": event.kind,
        "Timestamp": formation.date(event.at),
        "ResourceStatus": event.status,
    }
    if event.reason:
        found["ResourceStatusReason"] = event.reason
    if event.token:
        found["ClientRequestToken"] = event.token
    return found


def resource_view(formation: Formation, stack: Stack, held: Resource) -> Json:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "LogicalResourceId": held.name,
        "PhysicalResourceId": held.id,
        "ResourceType": held.kind,
        "ResourceStatus": held.status,
        "Timestamp": formation.date(held.changed_at),
    }


def change_set_view(formation: Formation, stack: Stack, found: ChangeSet) -> Json:
    changes = [{"Type": "Resource", "ResourceChange": _change_view(change)} for change in found.changes]
    return change_set_summary(formation, stack, found) | {"Changes": changes}


def change_set_summary(formation: Formation, stack: Stack, found: ChangeSet) -> Json:
    """What the list of change sets tells of one."""
    shown: Json = {
        "ChangeSetName": found.name,
        "ChangeSetId": found.id,
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": formation.date(found.created_at),
        "ExecutionStatus": found.execution,
        "Status": found.status,
    }
    return shown | ({"StatusReason": found.reason} if found.reason else {})


def _change_view(change: Change) -> Json:
    shown: Json = {
        "Action": change.action,
        "LogicalResourceId": change.name,
        "ResourceType": change.kind,
        "Scope": sorted({scope for scope, _, _, _ in change.details}),
        "Details": [
            {
                "Target": {"Attribute": scope, "RequiresRecreation": recreation} | ({"Name": name} if name else {}),
                "Evaluation": evaluation,
                "ChangeSource": "DirectModification",
            }
            for scope, name, recreation, evaluation in change.details
        ],
    }
    if change.id:
        shown["PhysicalResourceId"] = change.id
    if change.replacement:
        shown["Replacement"] = change.replacement
    return shown
