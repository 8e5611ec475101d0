"""CloudWatch Logs and the tagging service: groups by name.

The tagging actions see a group's ARN plain, all others with `:*` at its end (CloudWatch Logs user guide, "Log group
ARNs").
"""

from __future__ import annotations

from collections.abc import Mapping

from molthub.simulator.iam.asks.view import Asking, View, on_everything, tagged, untagging
from molthub.simulator.iam.evaluator import Ask
from molthub.simulator.iam.matching import Context
from molthub.simulator.iam.principals import request_tags


def _tags(view: View, arn: str) -> Context:
    name = arn.split(":log-group:", 1)[-1].removesuffix(":*")
    group = view.moto("logs").groups.get(name)
    return tagged(dict(view.moto("logs").list_tags_for_resource(group.arn.removesuffix(":*")))) if group else {}


def _create(view: View) -> list[Ask]:
    arn = view.arn("logs", f"log-group:{view.params['logGroupName']}")
    wanted = request_tags(view.params.get("tags", {}))
    asks = [Ask("logs:CreateLogGroup", f"{arn}:*", wanted)]
    return [*asks, Ask("logs:TagResource", arn, wanted)] if wanted else asks


def _on_group(name: str) -> Asking:
    def asks(view: View) -> list[Ask]:
        arn = view.arn("logs", f"log-group:{view.params['logGroupName']}:*")
        return [Ask(f"logs:{name}", arn, _tags(view, arn))]

    return asks


def _tagging(name: str) -> Asking:
    def asks(view: View) -> list[Ask]:
        arn = view.params["resourceArn"]
        wanted = {**request_tags(view.params.get("tags", {})), **untagging(view.params.get("tagKeys", ()))}
        return [Ask(f"logs:{name}", arn, {**_tags(view, arn), **wanted})]

    return asks


ASKS: Mapping[str, Asking] = {
    "logs:CreateLogGroup": _create,
    "logs:DeleteLogGroup": _on_group("DeleteLogGroup"),
    "logs:DescribeLogGroups": on_everything("logs:DescribeLogGroups"),
    "logs:FilterLogEvents": _on_group("FilterLogEvents"),
    "logs:ListTagsForResource": _tagging("ListTagsForResource"),
    "logs:PutRetentionPolicy": _on_group("PutRetentionPolicy"),
    "logs:TagResource": _tagging("TagResource"),
    "logs:UntagResource": _tagging("UntagResource"),
    "resourcegroupstaggingapi:GetResources": on_everything("tag:GetResources"),
}
