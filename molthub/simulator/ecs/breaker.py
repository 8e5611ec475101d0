"""The deployment circuit breaker's arithmetic.

Source: "How the Amazon ECS deployment circuit breaker detects failures" and botocore's ThresholdConfiguration.
"""

from __future__ import annotations

import math

from molthub.simulator.ecs.state import Json, Service

DEFAULT_MINIMUM, DEFAULT_MAXIMUM, DEFAULT_SHARE = 3, 200, 0.5


def breaker_of(service: Service) -> Json:
    """The service's circuit breaker settings, {} when it has none."""
    breaker: Json = service.settings["deploymentConfiguration"].get("deploymentCircuitBreaker") or {}
    return breaker


def threshold_of(service: Service) -> int:
    """How many failed tasks trip the breaker."""
    configured = breaker_of(service).get("thresholdConfiguration") or {}
    value = int(configured.get("value", 0))
    share = math.ceil(service.desired * value / 100)
    match configured.get("type"):
        case "COUNT":
            return max(1, value)
        case "UNBOUNDED_PERCENT":
            return max(1, share)
        case "BOUNDED_PERCENT":
            return min(DEFAULT_MAXIMUM, max(DEFAULT_MINIMUM, share))
        case _:
            return min(DEFAULT_MAXIMUM, max(DEFAULT_MINIMUM, math.ceil(service.desired * DEFAULT_SHARE)))
