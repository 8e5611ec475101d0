"""ECS's state in the shapes of botocore's model."""

from __future__ import annotations

from collections.abc import Callable

from molthub.simulator.ecs.breaker import threshold_of
from molthub.simulator.ecs.lookup import tags_out
from molthub.simulator.ecs.state import Cluster, Definition, Deployment, History, Json, Region, Revision, Service, Task

Dates = Callable[[float], float]

_SPEC_OF_DEPLOYMENT = ("launchType", "capacityProviderStrategy", "networkConfiguration")
_SPEC_OF_SERVICE = (*_SPEC_OF_DEPLOYMENT, "loadBalancers", "serviceRegistries")


def service_view(service: Service, dates: Dates, *, tags: bool = False) -> Json:
    spec = service.deployments[0].revision.spec if service.deployments else service.revisions[-1].spec
    running, pending = _counts(service.live_tasks)
    view = {
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": service.cluster.arn,
        "status": service.status,
        "desiredCount": service.desired,
        "runningCount": running,
        "pendingCount": pending,
        "taskDefinition": spec["taskDefinition"],
        "loadBalancers": [],
        "serviceRegistries": [],
        **{key: spec[key] for key in _SPEC_OF_SERVICE if key in spec},
        **_platform(spec),
        **service.settings,
        "createdAt": dates(service.created_at),
        "createdBy": f"arn:aws:iam::{service.arn.split(':')[4]}:root",
        "deployments": [deployment_view(service, item, dates) for item in service.deployments],
        "events": [{"id": id_, "createdAt": dates(at), "message": text} for at, id_, text in service.events],
        "placementConstraints": [],
        "placementStrategy": [],
        "currentServiceRevisions": [_revision_summary(service, item) for item in service.deployments],
    }
    if service.deployments and service.primary.history.finished_at is None:
        view["currentServiceDeployment"] = service.primary.history.arn
    return view | ({"tags": tags_out(service.tags)} if tags else {})


def deployment_view(service: Service, deployment: Deployment, dates: Dates) -> Json:
    spec = deployment.revision.spec
    running, pending = _counts([task for task in service.live_tasks if task.deployment is deployment])
    return {
        "id": deployment.id,
        "status": deployment.status,
        "taskDefinition": spec["taskDefinition"],
        "desiredCount": service.desired if deployment.status == "PRIMARY" else 0,
        "runningCount": running,
        "pendingCount": pending,
        "failedTasks": deployment.failures,
        "createdAt": dates(deployment.created_at),
        "updatedAt": dates(deployment.updated_at),
        "rolloutState": deployment.rollout_state,
        "rolloutStateReason": deployment.reason,
        **{key: spec[key] for key in _SPEC_OF_DEPLOYMENT if key in spec},
        **_platform(spec),
    }


def _platform(spec: Json) -> Json:
    """LATEST is what was asked for and what DescribeServices shows; the family follows from the definition."""
    return {"platformVersion": spec["platformVersion"], "platformFamily": "Linux"}


def _counts(tasks: list[Task]) -> tuple[int, int]:
    running = sum(task.last_status == "RUNNING" for task in tasks)
    return running, sum(task.pending for task in tasks)


def _revision_summary(service: Service, deployment: Deployment) -> Json:
    running, pending = _counts([task for task in service.live_tasks if task.deployment is deployment])
    wanted = service.desired if deployment.status == "PRIMARY" else 0
    return {
        "arn": deployment.revision.arn,
        "requestedTaskCount": wanted,
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    }


def task_view(region: Region, service: Service, task: Task, dates: Dates) -> Json:
    content = task.definition.content
    view: Json = {
        "taskArn": task.arn,
        "clusterArn": service.cluster.arn,
        "taskDefinitionArn": task.definition.arn,
        "group": f"service:{service.name}",
        "startedBy": task.deployment.id,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "availabilityZone": f"{region.name}a",
        "lastStatus": task.last_status,
        "desiredStatus": task.desired_status,
        "healthStatus": _task_health(task),
        "cpu": content.get("cpu", "256"),
        "memory": content.get("memory", "512"),
        "enableExecuteCommand": task.execute_command,
        "createdAt": dates(task.created_at),
        "containers": [_container_view(task, index) for index in range(len(task.containers))],
        "attachments": [_interface_view(task)],
        "overrides": {"containerOverrides": [{"name": item.name} for item in task.containers]},
        "tags": tags_out(task.tags),
        "version": 1,
    }
    moments = {"startedAt": task.started_at, "stoppingAt": task.stopping_at, "stoppedAt": task.stopped_at}
    view |= {key: dates(moment) for key, moment in moments.items() if moment is not None}
    words = {"stopCode": task.stop_code, "stoppedReason": task.stopped_reason}
    return view | {key: text for key, text in words.items() if text is not None}


def _task_health(task: Task) -> str:
    states = {container.health for container in task.containers if container.health}
    return next((state for state in ("UNHEALTHY", "UNKNOWN", "HEALTHY") if state in states), "UNKNOWN")


def _container_view(task: Task, index: int) -> Json:
    container = task.containers[index]
    view: Json = {
        "containerArn": f"{task.arn.replace(':task/', ':container/')}/{container.runtime_id[:32]}",
        "taskArn": task.arn,
        "name": container.name,
        "image": container.image,
        "runtimeId": container.runtime_id,
        "lastStatus": container.last_status,
        "networkBindings": [],
        "networkInterfaces": [],
        "healthStatus": container.health or "UNKNOWN",
        "cpu": str(task.definition.content["containerDefinitions"][index].get("cpu", 0)),
    }
    if container.exit_code is not None:
        view["exitCode"] = container.exit_code
    if container.reason is not None:
        view["reason"] = container.reason
    return view


def _interface_view(task: Task) -> Json:
    details = {
        "subnetId": task.subnet,
        "networkInterfaceId": task.interface,
        "privateIPv4Address": task.address,
    }
    return {
        "id": task.interface,
        "type": "ElasticNetworkInterface",
        "status": "ATTACHED" if task.live else "DELETED",
        "details": [{"name": key, "value": value} for key, value in details.items()],
    }


def definition_view(definition: Definition, dates: Dates) -> Json:
    view = {
        "taskDefinitionArn": definition.arn,
        "family": definition.family,
        "revision": definition.revision,
        "status": definition.status,
        "registeredAt": dates(definition.registered_at),
        "compatibilities": ["EC2", "FARGATE"],
        "requiresAttributes": [],
        **definition.content,
    }
    if definition.deregistered_at is not None:
        view["deregisteredAt"] = dates(definition.deregistered_at)
    return view


def cluster_view(region: Region, cluster: Cluster) -> Json:
    services = [item for (name, _), item in region.services.items() if name == cluster.name]
    tasks = [task for service in services for task in service.live_tasks]
    running, pending = _counts(tasks)
    return {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "activeServicesCount": sum(service.status == "ACTIVE" for service in services),
        "statistics": [],
        "settings": [],
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [],
        "tags": tags_out(cluster.tags),
    }


def history_brief(service: Service, history: History, dates: Dates) -> Json:
    view: Json = {
        "serviceDeploymentArn": history.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster.arn,
        "createdAt": dates(history.created_at),
        "startedAt": dates(history.created_at),
        "targetServiceRevisionArn": history.target.arn,
        "status": history.status,
    }
    if history.finished_at is not None:
        view["finishedAt"] = dates(history.finished_at)
    if history.reason:
        view["statusReason"] = history.reason
    return view


def history_view(service: Service, history: History, dates: Dates) -> Json:
    view = history_brief(service, history, dates)
    del view["targetServiceRevisionArn"]
    view |= {
        "updatedAt": dates(history.updated_at),
        "sourceServiceRevisions": [_plain_summary(service, item) for item in history.sources],
        "targetServiceRevision": _plain_summary(service, history.target),
        "deploymentConfiguration": history.configuration,
        "deploymentCircuitBreaker": _breaker_view(service, history),
    }
    if history.stopped_at is not None:
        view["stoppedAt"] = dates(history.stopped_at)
    if history.rollback_to is not None and history.rollback_started_at is not None:
        view["rollback"] = {
            "reason": history.rollback_reason,
            "startedAt": dates(history.rollback_started_at),
            "serviceRevisionArn": history.rollback_to.arn,
        }
    return view


def _breaker_view(service: Service, history: History) -> Json:
    """How many failed tasks it counted, and at how many it trips. Its rollback's own are not among them."""
    enabled = (history.configuration.get("deploymentCircuitBreaker") or {}).get("enable")
    if not enabled:
        status = "DISABLED"
    elif history.tripped:
        status = "TRIGGERED"
    else:
        status = "MONITORING" if history.finished_at is None else "MONITORING_COMPLETE"
    return {"status": status, "failureCount": history.failures, "threshold": threshold_of(service)}


def _plain_summary(service: Service, revision: Revision) -> Json:
    running, pending = _counts([task for task in service.live_tasks if task.deployment.revision is revision])
    return {
        "arn": revision.arn,
        "requestedTaskCount": service.desired,
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    }


def revision_view(service: Service, revision: Revision, definition: Definition | None, dates: Dates) -> Json:
    spec = revision.spec
    images = definition.content["containerDefinitions"] if definition else []
    return {
        "serviceRevisionArn": revision.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster.arn,
        "taskDefinition": spec["taskDefinition"],
        **{key: spec[key] for key in _SPEC_OF_SERVICE if key in spec},
        **_platform(spec),
        "containerImages": [{"containerName": item["name"], "image": item["image"]} for item in images],
        "createdAt": dates(revision.created_at),
    }
