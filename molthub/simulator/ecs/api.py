"""The front of the ECS engine: an operation's name and its parameters in, its answer or a RefusalError out."""

from __future__ import annotations

from collections.abc import Callable

from molthub.simulator.ecs import clusters, definitions, history, services, tasks
from molthub.simulator.ecs.engine import Engine
from molthub.simulator.ecs.lookup import definition_of
from molthub.simulator.ecs.scheduler import Scheduler
from molthub.simulator.ecs.state import Json, Region


class Ecs:
    """ECS of every account and region of the simulator."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.scheduler = Scheduler(engine, definition_of)

    def handles(self, operation: str) -> bool:
        return operation in OPERATIONS

    def call(self, operation: str, *, account: str, region: str, params: Json) -> Json:
        """Carry out an operation. params: already checked against the service's model."""
        return OPERATIONS[operation](self, self.engine.region(account, region), params)


Operation = Callable[[Ecs, Region, Json], Json]

OPERATIONS: dict[str, Operation] = {
    "CreateCluster": clusters.create_cluster,
    "CreateService": services.create_service,
    "DeleteCluster": clusters.delete_cluster,
    "DeleteService": services.delete_service,
    "DeleteTaskDefinitions": definitions.delete_task_definitions,
    "DeregisterTaskDefinition": definitions.deregister_task_definition,
    "DescribeClusters": clusters.describe_clusters,
    "DescribeServiceDeployments": history.describe_service_deployments,
    "DescribeServiceRevisions": history.describe_service_revisions,
    "DescribeServices": services.describe_services,
    "DescribeTaskDefinition": definitions.describe_task_definition,
    "DescribeTasks": tasks.describe_tasks,
    "ListClusters": clusters.list_clusters,
    "ListServiceDeployments": history.list_service_deployments,
    "ListServices": services.list_services,
    "ListTagsForResource": clusters.list_tags_for_resource,
    "ListTaskDefinitionFamilies": definitions.list_task_definition_families,
    "ListTaskDefinitions": definitions.list_task_definitions,
    "ListTasks": tasks.list_tasks,
    "RegisterTaskDefinition": definitions.register_task_definition,
    "StopServiceDeployment": history.stop_service_deployment,
    "StopTask": tasks.stop_task,
    "TagResource": clusters.tag_resource,
    "UntagResource": clusters.untag_resource,
    "UpdateService": services.update_service,
}
