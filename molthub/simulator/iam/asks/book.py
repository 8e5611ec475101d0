"""All that is known of what operations ask for."""

from __future__ import annotations

from collections.abc import Mapping

from molthub.simulator.iam.asks import ec2, ecs, iam, logs, secrets
from molthub.simulator.iam.asks.view import Asking

ASKS: Mapping[str, Asking] = {**ec2.ASKS, **ecs.ASKS, **iam.ASKS, **logs.ASKS, **secrets.ASKS}
