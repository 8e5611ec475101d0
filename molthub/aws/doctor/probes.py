"""`AwsProbes`: molthub.provider.probes.CloudProbes, with the credentials that `apply` would use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from molthub.aws.api import Api, Refusal
from molthub.aws.clients import Clients, Sessions
from molthub.aws.doctor.needs import Need, needs_of
from molthub.aws.documents import BucketDocuments
from molthub.aws.errors import DENIED, NOT_FOUND
from molthub.aws.foundation import read_foundation
from molthub.aws.permissions.scopes import Place
from molthub.aws.quotas import FARGATE_VCPUS, SECURITY_GROUPS, account_summary, applied_quota
from molthub.aws.readers.secrets import project_facts, read_secret
from molthub.desired.profiles.images import parse_image
from molthub.errors import MolthubError
from molthub.provider.probes import Caller, Denial, ProbesFactory, QuotaKind
from molthub.provider.protocols import Location
from molthub.resources.foundation import Foundation
from molthub.resources.identity import EnvironmentKey, names_of_environment
from molthub.resources.observation import SecretFacts

Needs = Callable[[Place], Iterable[Need]]

SERVICE_QUOTAS: Mapping[QuotaKind, tuple[str, str]] = {
    QuotaKind.VCPUS: FARGATE_VCPUS,
    QuotaKind.GROUPS: SECURITY_GROUPS,
}

LEASE = "lease.json"
"""molthub/leases/record.py; not imported, for it is no part of an adapter."""

ACCOUNT_IS_ROOT = ":root"
IMAGE_GONE = frozenset({"ImageNotFoundException", "RepositoryNotFoundException"})
MOST_ACTIONS = 100
"""Actions in one question to the policy simulator."""


class AwsProbes:
    """One environment's place. needs: what must be allowed (the reconciler's policy, as questions)."""

    def __init__(
        self, key: EnvironmentKey, location: Location, fleet: str, clients: Clients, *, needs: Needs = needs_of
    ) -> None:
        self.api = Api(clients)
        self._key = key
        self._location = location
        self._fleet = fleet
        self._clients = clients
        self._needs = needs
        self._foundation: Foundation | None = None
        self._services: Mapping[str, MolthubError | None] | None = None

    def caller(self) -> Caller:
        account, arn = self._clients.caller()
        return Caller(account, arn)

    def server_time(self) -> datetime | None:
        date = self._clients.last_date
        return parsedate_to_datetime(date).astimezone(UTC) if date else None

    def region_enabled(self) -> bool:
        region = self._location.region
        answer = self.api.call("ec2", "DescribeRegions", subject=region, RegionNames=[region], AllRegions=True)
        return any(item.get("OptInStatus") != "not-opted-in" for item in answer.get("Regions", ()))

    def foundation(self) -> Foundation:
        """Read once."""
        if self._foundation is None:
            self._foundation = read_foundation(self.api, self._location, fleet=self._fleet, about=str(self._key))
        return self._foundation

    def lease_bucket(self) -> str | None:
        bucket, account = self._location.bucket, self._location.account_id
        documents = BucketDocuments(self.api, bucket=bucket, account=account)
        if not documents.exists():
            return None
        documents.read(LEASE)
        return bucket

    def services(self) -> Mapping[str, MolthubError | None]:
        """Asked once: `endpoints` and `permissions` both look at it."""
        if self._services is None:
            stand = self._stand()
            api, cluster = self.api, self._location.cluster or (stand.cluster if stand else "")
            reads: dict[str, Callable[[], object]] = {
                "ec2": lambda: api.call("ec2", "DescribeSecurityGroups", MaxResults=5),
                "iam": lambda: api.call("iam", "ListRoles", PathPrefix=f"/molthub/{self._fleet}/", MaxItems=1),
                "logs": lambda: api.call("logs", "DescribeLogGroups", limit=1),
                "secretsmanager": lambda: api.call("secretsmanager", "ListSecrets", MaxResults=1),
                "tagging": lambda: api.call("resourcegroupstaggingapi", "GetResources", ResourcesPerPage=1),
            }
            if cluster:
                reads["ecs"] = lambda: api.call(
                    "ecs", "ListServices", subject=f"cluster {cluster}", cluster=cluster, maxResults=1
                )
            self._services = {name: _error(read) for name, read in sorted(reads.items())}
        return self._services

    def denied(self) -> tuple[Denial, ...] | None:
        arn = self._principal()
        if arn is None:
            return None
        found: set[Denial] = set()
        for need in self._needs(self._place()):
            told = self._simulate(arn, need)
            if told is None:
                return None
            found |= told
        return tuple(sorted(found))

    def quota(self, kind: QuotaKind) -> float:
        if kind is QuotaKind.ROLES:
            return float(account_summary(self.api)["RolesQuota"])
        return applied_quota(self.api, SERVICE_QUOTAS[kind], subject=kind.value)

    def secrets(self, sources: Iterable[str]) -> Mapping[str, SecretFacts | None]:
        found = {source: read_secret(self.api, source) for source in sources}
        return {source: None if raw is None else project_facts(raw) for source, raw in found.items()}

    def has_image(self, image: str) -> bool | None:
        reference = parse_image(image)
        if reference is None or reference.ecr is None:
            return None
        account, region = reference.ecr
        if region != self._location.region:
            return None
        wanted = {"imageDigest": reference.digest} if reference.digest else {"imageTag": reference.tag or "latest"}
        answer = self.api.expecting(
            IMAGE_GONE,
            "ecr",
            "DescribeImages",
            subject=f"image {image}",
            registryId=account,
            repositoryName=reference.repository,
            imageIds=[wanted],
        )
        return not isinstance(answer, Refusal)

    # -- permissions ---------------------------------------------------------------------------------------------

    def _principal(self) -> str | None:
        """The ARN of the role or user behind the credentials, "" of the root user; None when it cannot be told."""
        if self._location.role_arn:
            return self._location.role_arn
        arn = self._clients.caller()[1]
        if ":assumed-role/" not in arn:
            return arn
        name = arn.split("/")[1]
        answer = self.api.expecting(DENIED | NOT_FOUND, "iam", "GetRole", subject=f"role {name}", RoleName=name)
        return None if isinstance(answer, Refusal) else str(answer["Role"]["Arn"])

    def _simulate(self, arn: str, need: Need) -> set[Denial] | None:
        """What of one need is not allowed; None when that may not be asked. The root user may do everything."""
        if arn.endswith(ACCOUNT_IS_ROOT):
            return set()
        context = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in need.context
        ]
        answer = self.api.expecting(
            DENIED,
            "iam",
            "SimulatePrincipalPolicy",
            subject=arn,
            PolicySourceArn=arn,
            ActionNames=list(need.actions[:MOST_ACTIONS]),
            ResourceArns=list(need.resources),
            ContextEntries=context,
        )
        if isinstance(answer, Refusal):
            return None
        return {
            Denial(result["EvalActionName"], result.get("EvalResourceName", "*"))
            for result in answer["EvaluationResults"]
            if result["EvalDecision"] != "allowed"
        }

    def _stand(self) -> Foundation | None:
        """The foundation; None where it cannot be told: the check `bootstrap` says so, the others go on without."""
        try:
            return self.foundation()
        except MolthubError:
            return None

    def _place(self) -> Place:
        """Where the reconciler works. What is not there yet has the name that it will have, or is not asked about."""
        where, stand = self._location, self._stand()
        names = names_of_environment(self._fleet, self._key, account=where.account_id, region=where.region)
        boundary = f"policy{names.role_path}{names.boundary}"
        return Place(
            partition=self._clients.partition,
            account=where.account_id,
            region=where.region,
            fleet=self._fleet,
            workspace=self._key.workspace,
            environment=self._key.environment,
            cluster=where.cluster or (stand.cluster if stand else names.cluster),
            vpc_id=where.vpc_id or (stand.vpc_id if stand else "vpc-doctor"),
            boundary=(stand.boundary if stand else None)
            or f"arn:{self._clients.partition}:iam::{where.account_id}:{boundary}",
            kms_key=stand.kms_key if stand else None,
            bucket=stand.bucket if stand else None,
        )


def _error(read: Callable[[], object]) -> MolthubError | None:
    try:
        read()
    except MolthubError as error:
        return error
    return None


def aws_probes() -> ProbesFactory:
    """A ProbesFactory for AWS. Credentials, profile and endpoints are taken as boto3 takes them."""
    sessions = Sessions()

    def probes(key: EnvironmentKey, location: Location, fleet: str) -> AwsProbes:
        return AwsProbes(key, location, fleet, Clients(sessions, location))

    return probes
