"""Route 53: zones by id; a change of records with what it changes (IAM condition keys for resource record sets)."""

from __future__ import annotations

from collections.abc import Mapping

from molthub.simulator.iam.asks.view import Asking, View, on_everything
from molthub.simulator.iam.evaluator import Ask

CHANGE = "route53:changeresourcerecordsets"


def _zone(view: View) -> str:
    given = str(view.params.get("HostedZoneId", view.params.get("Id", "")))
    return f"arn:aws:route53:::hostedzone/{given.rpartition('/')[2]}"


def _change(view: View) -> list[Ask]:
    changes = view.params["ChangeBatch"]["Changes"]
    sets = [item["ResourceRecordSet"] for item in changes]
    context = {
        f"{CHANGE}normalizedrecordnames": tuple(sorted({item["Name"].rstrip(".").lower() for item in sets})),
        f"{CHANGE}recordtypes": tuple(sorted({item["Type"] for item in sets})),
        f"{CHANGE}actions": tuple(sorted({item["Action"] for item in changes})),
    }
    return [Ask("route53:ChangeResourceRecordSets", _zone(view), context)]


def _on_zone(name: str) -> Asking:
    return lambda view: [Ask(f"route53:{name}", _zone(view))]


ASKS: Mapping[str, Asking] = {
    "route53:ChangeResourceRecordSets": _change,
    "route53:GetHostedZone": _on_zone("GetHostedZone"),
    "route53:ListHostedZones": on_everything("route53:ListHostedZones"),
    "route53:ListResourceRecordSets": _on_zone("ListResourceRecordSets"),
}
