"""MH-SIZE-002: what the manifest renders to fits into an ECS task definition."""

from __future__ import annotations

import json
from collections.abc import Iterator

from molthub.guard.engine import Finding, Subject
from molthub.resources.normal import to_json
from molthub.resources.types import TaskDefinition

LIMIT = 60 * 1024
"""Bytes. ECS refuses more than 64 KiB; the rest is room for what AWS adds."""
PAIR_OVERHEAD = len('{"name":"","valueFrom":""}') - len('["",""]')
ARN_OVERHEAD = len("arn:aws-us-gov:secretsmanager:ap-southeast-1:123456789012:secret:-AbCdEf") - len("${secret:}")


class TaskDefinitionSize:
    """Not waivable: ECS refuses a larger one."""

    ref = "MH-SIZE-002"
    title = "A task definition that ECS takes"
    waivable = False

    def check(self, subject: Subject) -> Iterator[Finding]:
        definition = subject.desired.task_definition if subject.desired else None
        size = rendered_size(definition) if definition else 0
        if size > LIMIT:
            yield Finding(
                f"the rendered task definition is {size / 1024:.1f} KiB, over the limit of {LIMIT // 1024} KiB",
                ("spec",),
                "Shorten env, command, or the lists of skills and model fallbacks",
            )


def rendered_size(definition: TaskDefinition) -> int:
    """About how many bytes ECS gets to see: the compact JSON, name-value pairs spelt out and secrets as ARNs."""
    text = json.dumps(to_json(definition), separators=(",", ":"))
    size = len(text.encode())
    for container in definition.containers:
        size += (len(container.environment) + len(container.secrets)) * PAIR_OVERHEAD
        size += sum(value.startswith("${secret:") for _, value in container.secrets) * ARN_OVERHEAD
    return size
