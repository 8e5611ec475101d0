"""ECS: by service, task and definition ARN, the cluster as a condition, tags at birth, and roles that are passed.

AWS documents iam:PassRole for RegisterTaskDefinition; that CreateService and UpdateService ask for it too is the
stricter reading, and costs nothing where the same roles were passed before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from molthub.simulator.ecs.lookup import find_definition
from molthub.simulator.ecs.state import INACTIVE
from molthub.simulator.iam.asks.view import Asking, View, on_everything, tagged, tagging, untagging
from molthub.simulator.iam.evaluator import Ask
from molthub.simulator.iam.matching import Context
from molthub.simulator.iam.principals import find_role, tags_of

ECS_TASKS = "ecs-tasks.amazonaws.com"


def _cluster(view: View) -> str:
    return str(view.params.get("cluster", "default")).rpartition("/")[2]


def _in_cluster(view: View, cluster: str) -> Context:
    return {"ecs:cluster": (view.arn("ecs", f"cluster/{cluster}"),)}


def _tags(view: View, arn: str) -> Context:
    """Tags of a service, task definition or task that is there."""
    region = view.world.ecs.engine.region(view.account, view.call.region)
    kind, _, rest = arn.split(":", 5)[5].partition("/")
    if kind == "service":
        cluster, _, name = rest.partition("/")
        service = region.services.get((cluster, name))
        return tagged(service.tags, "ecs") if service and service.status != INACTIVE else {}
    if kind == "task-definition":
        definition = find_definition(region, arn)
        return tagged(definition.tags, "ecs") if definition else {}
    return tagged(region.tasks[arn].tags, "ecs") if arn in region.tasks else {}


def _service(view: View, reference: str) -> str:
    name = reference.rpartition("/")[2]
    return view.arn("ecs", f"service/{_cluster(view)}/{name}")


def _on_service(action: str, member: str = "service") -> Asking:
    def asks(view: View) -> list[Ask]:
        arn = _service(view, view.params[member])
        return [Ask(action, arn, {**_in_cluster(view, _cluster(view)), **_tags(view, arn)})]

    return asks


def _describe_services(view: View) -> list[Ask]:
    arns = [_service(view, item) for item in view.params["services"]]
    cluster = _in_cluster(view, _cluster(view))
    return [Ask("ecs:DescribeServices", arn, {**cluster, **_tags(view, arn)}) for arn in arns]


def _describe_tasks(view: View) -> list[Ask]:
    cluster = _cluster(view)
    arns = [
        item if item.startswith("arn:") else view.arn("ecs", f"task/{cluster}/{item}") for item in view.params["tasks"]
    ]
    return [Ask("ecs:DescribeTasks", arn, {**_in_cluster(view, cluster), **_tags(view, arn)}) for arn in arns]


def _listing(action: str) -> Asking:
    return lambda view: [Ask(action, "*", _in_cluster(view, _cluster(view)))]


def _of_service(action: str, arns_of: Callable[[View], Iterable[str]]) -> Asking:
    """Deployments and revisions are judged by themselves and by the service they are of."""

    def asks(view: View) -> list[Ask]:
        found: dict[str, Ask] = {}
        for arn in arns_of(view):
            cluster, _, rest = arn.partition("/")[2].partition("/")
            service = view.arn("ecs", f"service/{cluster}/{rest.partition('/')[0]}")
            found[arn] = Ask(action, arn, {**_in_cluster(view, cluster), "ecs:service": (service,)})
            found[service] = Ask(action, service, _tags(view, service))
        return list(found.values())

    return asks


def _at_birth(view: View, arn: str) -> list[Ask]:
    """ecs:TagResource, where something is made with tags."""
    pairs = view.params.get("tags", ())
    if not pairs:
        return []
    context = {**tagging(pairs, "key", "value"), "ecs:createaction": (view.call.operation,)}
    return [Ask("ecs:TagResource", arn, context)]


def _passed(view: View, arns: Iterable[str | None]) -> list[Ask]:
    found = []
    for arn in dict.fromkeys(filter(None, arns)):
        role = find_role(view.world.moto, arn)
        tags = tagged(tags_of(role.tags), "iam") if role is not None else {}
        found.append(Ask("iam:PassRole", arn, {**tags, "iam:passedtoservice": (ECS_TASKS,)}))
    return found


def _roles_of(view: View, reference: str | None) -> list[str | None]:
    region = view.world.ecs.engine.region(view.account, view.call.region)
    definition = find_definition(region, reference) if reference else None
    content = definition.content if definition else {}
    return [content.get("taskRoleArn"), content.get("executionRoleArn")]


def _openness(view: View) -> Context:
    """Whether tasks get public addresses and shells, as far as the request says; what it leaves out has no key."""
    found: dict[str, tuple[str, ...]] = {}
    network = view.params.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    if "assignPublicIp" in network:
        found["ecs:auto-assign-public-ip"] = (str(network["assignPublicIp"] == "ENABLED").lower(),)
    if "enableExecuteCommand" in view.params:
        found["ecs:enable-execute-command"] = (str(view.params["enableExecuteCommand"]).lower(),)
    return found


def _create_service(view: View) -> list[Ask]:
    arn = _service(view, view.params["serviceName"])
    context = {
        **_in_cluster(view, _cluster(view)),
        **_openness(view),
        **tagging(view.params.get("tags", ()), "key", "value"),
    }
    roles = _passed(view, _roles_of(view, view.params.get("taskDefinition")))
    return [Ask("ecs:CreateService", arn, context), *_at_birth(view, arn), *roles]


def _update_service(view: View) -> list[Ask]:
    roles = _passed(view, _roles_of(view, view.params.get("taskDefinition")))
    arn, cluster = _service(view, view.params["service"]), _cluster(view)
    context = {**_in_cluster(view, cluster), **_tags(view, arn), **_openness(view)}
    return [Ask("ecs:UpdateService", arn, context), *roles]


def _register(view: View) -> list[Ask]:
    # The revision is not known yet: ECS's own refusals show the ARN with a star in its place.
    arn = view.arn("ecs", f"task-definition/{view.params['family']}:*")
    asks = [Ask("ecs:RegisterTaskDefinition", arn, tagging(view.params.get("tags", ()), "key", "value"))]
    roles = _passed(view, [view.params.get("taskRoleArn"), view.params.get("executionRoleArn")])
    return [*asks, *_at_birth(view, arn), *roles]


def _tag(view: View) -> list[Ask]:
    arn = view.params["resourceArn"]
    return [Ask("ecs:TagResource", arn, {**_tags(view, arn), **tagging(view.params["tags"], "key", "value")})]


def _untag(view: View) -> list[Ask]:
    arn = view.params["resourceArn"]
    return [Ask("ecs:UntagResource", arn, {**_tags(view, arn), **untagging(view.params["tagKeys"])})]


ASKS: Mapping[str, Asking] = {
    "ecs:CreateService": _create_service,
    "ecs:DeleteService": _on_service("ecs:DeleteService"),
    "ecs:DeregisterTaskDefinition": on_everything("ecs:DeregisterTaskDefinition"),
    "ecs:DescribeServiceDeployments": _of_service(
        "ecs:DescribeServiceDeployments", lambda view: view.params["serviceDeploymentArns"]
    ),
    "ecs:DescribeServiceRevisions": _of_service(
        "ecs:DescribeServiceRevisions", lambda view: view.params["serviceRevisionArns"]
    ),
    "ecs:DescribeServices": _describe_services,
    "ecs:DescribeTaskDefinition": on_everything("ecs:DescribeTaskDefinition"),
    "ecs:DescribeTasks": _describe_tasks,
    "ecs:ListClusters": on_everything("ecs:ListClusters"),
    "ecs:ListServiceDeployments": _on_service("ecs:ListServiceDeployments"),
    "ecs:ListServices": _listing("ecs:ListServices"),
    "ecs:ListTaskDefinitions": on_everything("ecs:ListTaskDefinitions"),
    "ecs:ListTasks": _listing("ecs:ListTasks"),
    "ecs:RegisterTaskDefinition": _register,
    "ecs:StopServiceDeployment": _of_service(
        "ecs:StopServiceDeployment", lambda view: [view.params["serviceDeploymentArn"]]
    ),
    "ecs:TagResource": _tag,
    "ecs:UntagResource": _untag,
    "ecs:UpdateService": _update_service,
}
