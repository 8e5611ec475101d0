"""Every member that AWS tells of a service and of a task definition, and what Molthub does with it.

Each member of the botocore shapes below is placed in exactly one way:

- modelled   a field of our types (or a shape of this table) carries it;
- ignored    on purpose, with the reason: AWS's own bookkeeping, or something that cannot be set;
- extra      Molthub never sets it; a value other than AWS's default shows as `unmanaged`, so as drift.

A test walks the shapes of the installed botocore: a member AWS adds fails there until it is placed. At run time
an unknown member is left alone: a new release of botocore must never make a whole fleet look changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from molthub.resources.types import Pairs


@dataclass(frozen=True, slots=True)
class Modelled:
    """Carried by a field of our types."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Left out on purpose."""

    reason: str


@dataclass(frozen=True, slots=True)
class Extra:
    """Shown as unmanaged when it is neither empty nor the default AWS fills in.

    clear  what UpdateService takes to remove it; None when it cannot be removed that way
    """

    default: Any = None
    clear: Any = None


Placement = Modelled | Ignored | Extra

_ID = Ignored("an id or ARN that AWS gives")
_STATE = Ignored("state, not a setting: read into ServiceRuntime")
_TIME = Ignored("a time that AWS keeps")
_DERIVED = Ignored("follows from other settings")
_BEFORE = Ignored("told only of external deployment controllers and blue/green, which Molthub never uses")


def _modelled(names: str) -> dict[str, Placement]:
    return dict.fromkeys(names.split(), Modelled())


def _extra(names: str) -> dict[str, Placement]:
    return dict.fromkeys(names.split(), Extra())


SHAPES: Mapping[str, Mapping[str, Placement]] = {
    "Service": {
        **_modelled(
            "serviceName clusterArn desiredCount launchType capacityProviderStrategy platformVersion taskDefinition"
            " deploymentConfiguration networkConfiguration healthCheckGracePeriodSeconds schedulingStrategy tags"
            " enableECSManagedTags propagateTags enableExecuteCommand availabilityZoneRebalancing deployments"
            " loadBalancers"
        ),
        **dict.fromkeys(("serviceArn", "currentServiceDeployment", "currentServiceRevisions"), _ID),
        **dict.fromkeys(("status", "runningCount", "pendingCount", "events"), _STATE),
        "createdAt": _TIME,
        "createdBy": Ignored("who created it; cannot be changed"),
        "roleArn": Ignored("ECS's service-linked role; cannot be set under awsvpc"),
        "platformFamily": _DERIVED,
        "taskSets": _BEFORE,
        "serviceRegistries": Extra(clear=[]),
        "placementConstraints": Extra(clear=[]),
        "placementStrategy": Extra(clear=[]),
        "deploymentController": Extra(default={"type": "ECS"}, clear={"type": "ECS"}),
        "resourceManagementType": Extra(default="CUSTOMER"),
    },
    "Deployment": {
        **dict.fromkeys(("id",), _ID),
        **dict.fromkeys(("createdAt", "updatedAt"), _TIME),
        **dict.fromkeys(
            (
                *("status", "desiredCount", "pendingCount", "runningCount", "failedTasks"),
                *("rolloutState", "rolloutStateReason", "serviceConnectResources"),
            ),
            _STATE,
        ),
        **dict.fromkeys(
            (
                *("taskDefinition", "capacityProviderStrategy", "launchType", "platformVersion"),
                *("platformFamily", "networkConfiguration"),
            ),
            Ignored("the service itself says it"),
        ),
        "serviceConnectConfiguration": Extra(default={"enabled": False}, clear={"enabled": False}),
        "volumeConfigurations": Extra(clear=[]),
        "vpcLatticeConfigurations": Extra(clear=[]),
        "fargateEphemeralStorage": Ignored("the encryption key of the cluster's own storage setting"),
    },
    "DeploymentConfiguration": {
        **_modelled("deploymentCircuitBreaker maximumPercent minimumHealthyPercent"),
        "alarms": Extra(default={"alarmNames": [], "rollback": False, "enable": False}),
        "strategy": Extra(default="ROLLING"),
        "bakeTimeInMinutes": Extra(default=0),
        "lifecycleHooks": Extra(),
        "linearConfiguration": Extra(),
        "canaryConfiguration": Extra(),
        "earlySuccessCriteria": Extra(),
    },
    "DeploymentCircuitBreaker": _modelled("enable rollback resetOnHealthyTask thresholdConfiguration"),
    "ThresholdConfiguration": {"value": Modelled(), "type": Extra(default="COUNT")},
    "NetworkConfiguration": _modelled("awsvpcConfiguration"),
    "AwsVpcConfiguration": _modelled("subnets securityGroups assignPublicIp"),
    "LoadBalancer": {
        **_modelled("targetGroupArn containerName containerPort"),
        **_extra("loadBalancerName advancedConfiguration"),
    },
    "CapacityProviderStrategyItem": {
        "capacityProvider": Modelled(),
        "weight": Extra(default=1),
        "base": Extra(default=0),
    },
    "TaskDefinition": {
        **_modelled(
            "containerDefinitions family taskRoleArn executionRoleArn networkMode volumes runtimePlatform"
            " requiresCompatibilities cpu memory ephemeralStorage"
        ),
        **dict.fromkeys(("taskDefinitionArn", "revision"), _ID),
        **dict.fromkeys(("registeredAt", "deregisteredAt", "deleteRequestedAt"), _TIME),
        "status": Ignored("whether the revision was deregistered; a running service does not mind"),
        "requiresAttributes": _DERIVED,
        "compatibilities": _DERIVED,
        "registeredBy": Ignored("who registered it; cannot be changed"),
        **_extra(
            "placementConstraints inferenceAccelerators pidMode ipcMode proxyConfiguration enableFaultInjection"
            " trustedExecutionConfiguration"
        ),
    },
    "RuntimePlatform": _modelled("cpuArchitecture operatingSystemFamily"),
    "EphemeralStorage": _modelled("sizeInGiB"),
    "Volume": {
        "name": Modelled(),
        "efsVolumeConfiguration": Modelled(),
        "host": Extra(default={}),
        **_extra(
            "dockerVolumeConfiguration s3filesVolumeConfiguration"
            " fsxWindowsFileServerVolumeConfiguration configuredAtLaunch"
        ),
    },
    "EFSVolumeConfiguration": {
        **_modelled("fileSystemId rootDirectory transitEncryption authorizationConfig"),
        "transitEncryptionPort": Extra(),
    },
    "EFSAuthorizationConfig": _modelled("accessPointId iam"),
    "ContainerDefinition": {
        **_modelled(
            "name image cpu memory memoryReservation portMappings essential entryPoint command environment mountPoints"
            " linuxParameters secrets dependsOn startTimeout stopTimeout user workingDirectory privileged"
            " readonlyRootFilesystem dockerLabels logConfiguration healthCheck"
        ),
        "versionConsistency": Extra(default="enabled"),
        **_extra(
            "repositoryCredentials links restartPolicy environmentFiles volumesFrom hostname disableNetworking"
            " dnsServers dnsSearchDomains extraHosts dockerSecurityOptions interactive pseudoTerminal ulimits"
            " systemControls resourceRequirements firelensConfiguration credentialSpecs"
        ),
    },
    "PortMapping": {
        **_modelled("containerPort protocol"),
        "hostPort": Ignored("the same as containerPort under awsvpc, else registering fails"),
        **_extra("name appProtocol containerPortRange"),
    },
    "LinuxParameters": {
        **_modelled("capabilities initProcessEnabled tmpfs"),
        **_extra("devices sharedMemorySize maxSwap swappiness"),
    },
    "KernelCapabilities": _modelled("add drop"),
    "Tmpfs": _modelled("containerPath size mountOptions"),
    "MountPoint": _modelled("sourceVolume containerPath readOnly"),
    "LogConfiguration": {**_modelled("logDriver options"), "secretOptions": Extra()},
    "HealthCheck": _modelled("command interval timeout retries startPeriod"),
    "ContainerDependency": _modelled("containerName condition"),
    "Secret": _modelled("name valueFrom"),
    "KeyValuePair": _modelled("name value"),
}


def unmanaged(shape: str, data: Mapping[str, Any] | None, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, canonical JSON) of every extra that is set to something else than AWS's default."""
    for name, value in sorted((data or {}).items()):
        placement = SHAPES[shape].get(name)
        if isinstance(placement, Extra) and not _is_empty(value) and value != placement.default:
            yield f"{path}{name}", json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def clearing(pairs: Pairs) -> dict[str, Any]:
    """UpdateService parameters that remove these unmanaged settings, as far as UpdateService can."""
    found: dict[str, Any] = {}
    for path, _text in pairs:
        for shape in ("Service", "Deployment"):
            placement = SHAPES[shape].get(path)
            if isinstance(placement, Extra) and placement.clear is not None:
                found[path] = placement.clear
    return found


def _is_empty(value: Any) -> bool:
    """Nothing, or only what says "not set"; a 0 is something."""
    if isinstance(value, dict):
        return all(_is_empty(item) for item in value.values())
    return value is None or value is False or value in ("", [])
