"""Service Quotas: the limit that applies to the account, by a code (the Service Quotas console shows the codes)."""

from __future__ import annotations

from molthub.aws.api import Api

FARGATE_VCPUS = ("fargate", "L-3032A538")
SECURITY_GROUPS = ("vpc", "L-E79EC296")
VPCS = ("vpc", "L-F678F1CE")
ADDRESSES = ("ec2", "L-0263D0A3")
BALANCERS = ("elasticloadbalancing", "L-53DA6B97")


def applied_quota(api: Api, code: tuple[str, str], *, subject: str) -> float:
    """The value in force. Raises MolthubErrors; `subject` says what it was about."""
    service, quota = code
    answer = api.call("service-quotas", "GetServiceQuota", subject=subject, ServiceCode=service, QuotaCode=quota)
    return float(answer["Quota"]["Value"])


def account_summary(api: Api) -> dict[str, int]:
    """IAM's own counts and quotas: `Roles`, `RolesQuota`, `Policies`, `PoliciesQuota`…"""
    summary: dict[str, int] = api.call("iam", "GetAccountSummary")["SummaryMap"]
    return summary
