"""Every built-in rule, and the pages of them."""

from __future__ import annotations

from importlib.resources import files

from molthub.guard.engine import GuardRule
from molthub.policies.channel_in_image import ChannelInImage
from molthub.policies.endpoints_only import EndpointsOnly
from molthub.policies.fargate_size import FargateSize
from molthub.policies.gateway_command import GatewayCommand
from molthub.policies.iam_escalation import IamEscalation
from molthub.policies.iam_in_boundary import IamInBoundary
from molthub.policies.iam_wildcard import IamWildcard
from molthub.policies.image_pinned import ImagePinned
from molthub.policies.moltbot_memory import MoltbotMemory
from molthub.policies.one_replica import OneReplica
from molthub.policies.open_egress import OpenEgress
from molthub.policies.plaintext_secret import PlaintextSecret
from molthub.policies.plugins_in_image import PluginsInImage
from molthub.policies.public_admin import PublicAdmin
from molthub.policies.remote_install import RemoteInstall
from molthub.policies.reserved_variables import ReservedVariables
from molthub.policies.runtime_profile import KnownRuntime
from molthub.policies.secret_manager import SecretManager
from molthub.policies.security_floor import SecurityFloor
from molthub.policies.task_definition_size import TaskDefinitionSize
from molthub.policies.webhook_complete import WebhookComplete


def builtin_rules() -> tuple[GuardRule, ...]:
    """The guardrails that always apply, in the order their findings are shown."""
    return (
        ImagePinned(),
        SecurityFloor(),
        PlaintextSecret(),
        SecretManager(),
        PublicAdmin(),
        WebhookComplete(),
        OpenEgress(),
        EndpointsOnly(),
        IamWildcard(),
        IamEscalation(),
        IamInBoundary(),
        RemoteInstall(),
        OneReplica(),
        ReservedVariables(),
        KnownRuntime(),
        GatewayCommand(),
        PluginsInImage(),
        ChannelInImage(),
        FargateSize(),
        TaskDefinitionSize(),
        MoltbotMemory(),
    )


def page(ref: str) -> str | None:
    """The page of a rule in Markdown, for `molthub explain MH-…`; None when no built-in rule has this reference."""
    for rule in builtin_rules():
        if rule.ref == ref:
            return files("molthub.policies").joinpath(f"{stem(rule)}.md").read_text(encoding="utf-8")
    return None


def stem(rule: GuardRule) -> str:
    """The name that a rule's code and page share."""
    return type(rule).__module__.rpartition(".")[2]
