"""CloudFormation: stacks by name. A stack's ARN ends in an id of its own, which a request by name does not tell."""

from __future__ import annotations

from collections.abc import Mapping

from molthub.simulator.iam.asks.view import Asking, View
from molthub.simulator.iam.evaluator import Ask


def _on_stack(action: str) -> Asking:
    def asks(view: View) -> list[Ask]:
        name = str(view.params.get("StackName", ""))
        if not name:
            return [Ask(action, "*")]
        return [Ask(action, name if name.startswith("arn:") else view.arn("cloudformation", f"stack/{name}/*"))]

    return asks


_NAMES = (
    "DeleteStack",
    "DescribeStackEvents",
    "DescribeStackResources",
    "DescribeStacks",
    "GetTemplate",
    "UpdateStack",
)

ASKS: Mapping[str, Asking] = {f"cloudformation:{name}": _on_stack(f"cloudformation:{name}") for name in _NAMES}
