"""An instance's life in scenes, so that together they make the reconciler do everything it can do."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from molthub.apply.types import InstanceResult, Outcome
from molthub.desired.render import RenderFacts, render
from molthub.errors import WaitingError
from molthub.pipeline.places import location_of
from molthub.planning.types import Action, Change
from molthub.provider.protocols import Provider, Query, WriteContext
from molthub.resources.foundation import Foundation
from molthub.resources.identity import EnvironmentKey, Identity, identity_tags
from molthub.resources.types import Backup, FileSystem, Kind, Restore, Rule, Step
from tests.builders import loaded_environment, loaded_instance
from tests.fakes.balancers import STACKS
from tests.fakes.foundation import lay_foundation
from tests.fakes.guarded import ENVIRONMENT, FLEET, ROLE_ARN, founded_providers
from tests.fakes.hand import Hand
from tests.fakes.mutators import managed_policy, put_policy
from tests.fakes.places import KEY
from tests.fakes.rich_fleet import BEDROCK, SLACK, STATEMENTS, WEBHOOK, Manifest, bot
from tests.fakes.stage import AWS, Stage

IMAGE = "ghcr.io/openclaw/openclaw:2026.9.6"
TAGGED = (Kind.LOG_GROUP, Kind.SECRET, Kind.SECURITY_GROUP, Kind.TASK_ROLE, Kind.SERVICE)


class Life:
    """One fleet, from its first commit to its last. Each scene ends with what apply said."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.session = stage.session_with(founded_providers())
        self.clients: dict[str, Any] = {}

    def hand(self, name: str) -> Hand:
        return Hand(self.stage, name, self.clients)

    def apply(self, *bots: Manifest, **trailers: str) -> dict[str, InstanceResult]:
        self.stage.commit(ENVIRONMENT, *bots, **trailers)
        return self.session.apply()

    def settle(self, *bots: Manifest, **trailers: str) -> None:
        results = self.apply(*bots, **trailers)
        said = {name: (result.outcome, result.diagnostics) for name, result in results.items()}
        assert {result.outcome for result in results.values()} <= {Outcome.APPLIED, Outcome.UNCHANGED}, said

    def create(self) -> None:
        """All kinds of instances; one whose secret exists without a value, as after a crash."""
        identity = Identity(FLEET, "acme", "prod", "rolling")
        tags = [{"Key": key, "Value": value} for key, value in identity_tags(identity).items()]
        sm = self.hand("rolling")("secretsmanager")
        sm.create_secret(Name=self.hand("rolling").names.gateway_secret, Tags=tags, KmsKeyId=KEY)
        self.settle(*fleet())

    def drift(self) -> None:
        """A person changes everything of one instance, and it is put right."""
        hand = self.hand("rolling")
        for kind in TAGGED:
            hand.tag(kind, "molthub:instance", "another")
            hand.tag(kind, "added", "by-hand")
        hand("logs").put_retention_policy(logGroupName=hand.names.log_group, retentionInDays=7)
        hand("secretsmanager").update_secret(SecretId=hand.names.gateway_secret, Description="by hand")
        rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        hand("ec2").authorize_security_group_ingress(GroupId=hand.group_id, IpPermissions=[rule])
        hand.replace_egress(FromPort=80)
        role = {"RoleName": hand.role(Kind.TASK_ROLE)}
        put_policy(hand, Kind.TASK_ROLE)
        managed = managed_policy(hand)
        hand("iam").attach_role_policy(**role, PolicyArn=managed)
        hand("iam").put_role_permissions_boundary(**role, PermissionsBoundary=managed)
        hand("iam").update_role(**role, Description="by hand")
        trust = hand("iam").get_role(**role)["Role"]["AssumeRolePolicyDocument"]
        trust["Statement"][0].pop("Condition")
        hand("iam").update_assume_role_policy(**role, PolicyDocument=json.dumps(trust))
        self.settle(*fleet())

    def webhook(self) -> None:
        """An ingress rule, as a webhook will ask for: written by the provider itself, taken away as drift."""
        identity = Identity(FLEET, "acme", "prod", "rolling")
        key = EnvironmentKey("acme", "prod")
        provider = self.provider()
        query = Query(FLEET, key, only=frozenset({identity}), desired=frozenset({identity}))
        group = provider.observe(query).instances[identity].resources.security_group
        assert group is not None
        opened = replace(group, ingress=(Rule("tcp", 8080, 8080, "10.0.0.0/8"),))
        change = Change(Action.UPDATE, Kind.SECURITY_GROUP, group.name, group, opened)
        provider.perform(change, WriteContext(identity, "0" * 40))
        self.settle(*fleet())
        self._meddle_with_the_door()
        self.settle(*fleet())

    def _meddle_with_the_door(self) -> None:
        """Everything that leads to the webhook bot is changed by hand."""
        hand = self.hand("called")
        elb, name = hand("elbv2"), hand.names.target_group
        group = elb.describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"]
        listener = elb.describe_listeners(LoadBalancerArn=_balancer(elb))["Listeners"][0]["ListenerArn"]
        rule = next(item["RuleArn"] for item in elb.describe_rules(ListenerArn=listener)["Rules"] if item["Actions"])
        paths = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}
        elb.modify_rule(RuleArn=rule, Conditions=[paths])
        elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/")
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "300"}
        elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[delay])
        tags = [{"Key": "molthub:instance", "Value": "another"}, {"Key": "added", "Value": "by-hand"}]
        elb.add_tags(ResourceArns=[rule], Tags=tags)
        elb.add_tags(ResourceArns=[group], Tags=tags)

    def share(self) -> None:
        """The environment's lease and what the controller publishes."""
        documents = self.provider().documents()
        assert documents is not None
        assert documents.read("lease.json") is None
        assert documents.write("lease.json", b"{}", replaces=None)
        assert documents.read("lease.json")
        assert documents.write("status.json", b"{}", replaces=None)

    def keep(self) -> None:
        """A file system, made, changed by hand, put right, backed up, restored and deleted: by the provider itself."""
        place = {"cluster": AWS["cluster"], "vpc_id": AWS["vpcId"], "subnet_ids": tuple(AWS["subnetIds"])}
        foundation = replace(lay_foundation(self.stage.client, **place), kms_key=KEY)
        instance = loaded_instance(metadata={"labels": {"team": "support"}}, spec={"state": {"persistent": True}})
        facts = RenderFacts({}, foundation=foundation)
        wanted = render(instance, loaded_environment(), fleet=FLEET, facts=facts).resources.file_system
        assert wanted is not None
        for kind, before, after in (
            (Action.CREATE, None, wanted),
            (Action.UPDATE, wanted, wanted),
            (Action.DELETE, wanted, None),
        ):
            self.patiently(Change(kind, Kind.FILE_SYSTEM, wanted.name, before, after), instance.identity(FLEET))
            if kind is Action.CREATE:
                self.meddle_with_files()
            if kind is Action.UPDATE:
                for step in _kept_safe(wanted, foundation):
                    self.patiently(step, instance.identity(FLEET))

    def meddle_with_files(self) -> None:
        efs = self.stage.client("efs")
        (held,) = efs.describe_file_systems()["FileSystems"]
        here = {"FileSystemId": held["FileSystemId"]}
        (first, _) = efs.describe_mount_targets(**here)["MountTargets"]
        default = self.stage.client("ec2").describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]
        efs.modify_mount_target_security_groups(
            MountTargetId=first["MountTargetId"], SecurityGroups=[default["GroupId"]]
        )
        (point, _) = efs.describe_access_points(**here)["AccessPoints"]
        efs.delete_access_point(AccessPointId=point["AccessPointId"])
        ours = [{"Key": key, "Value": value} for key, value in STACKS.items()]
        efs.create_access_point(ClientToken="by-hand", **here, RootDirectory={"Path": "/by-hand"}, Tags=ours)
        everybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:*"}
        efs.put_file_system_policy(**here, Policy=json.dumps({"Statement": [everybody]}))
        efs.update_file_system(**here, ThroughputMode="bursting")
        former = {"added": "by-hand", "molthub:commit": "f" * 40}  # a later commit writes its own name, and that alone
        efs.tag_resource(
            ResourceId=held["FileSystemId"], Tags=[{"Key": key, "Value": value} for key, value in former.items()]
        )

    def provider(self) -> Provider:
        environment = loaded_environment(spec={"aws": {"roleArn": ROLE_ARN}})
        return self.session.providers(EnvironmentKey("acme", "prod"), location_of(environment, FLEET))

    def patiently(self, change: Change, identity: Identity) -> None:
        for _ in range(100):
            try:
                self.provider().perform(change, WriteContext(identity, "0" * 40))
            except WaitingError as error:
                self.stage.control.advance(error.after)
            else:
                return
        raise AssertionError(f"{change.kind} never gets ready")

    def change(self) -> None:
        """A new version, a new name, a pause, its end, and a restart."""
        self.settle(*fleet(env={"TZ": "Europe/Berlin"}))
        paused = {"paused": {"by": "ana@example.com", "reason": "holiday"}}
        self.settle(*fleet(env={"TZ": "Europe/Berlin"}, lifecycle=paused))
        self.settle(*fleet(env={"TZ": "Europe/Berlin"}, lifecycle={"restartedAt": "2026-11-23T10:00:00Z"}))

    def fail(self) -> None:
        """An image that cannot be pulled is stopped at once; one that crashes is rolled back, and stays back."""
        for tag in ("2026.9.6-init-fails", "2026.9.6-crash"):
            results = self.apply(*fleet(image=f"ghcr.io/openclaw/openclaw:{tag}"))
            assert results["rolling"].outcome is not Outcome.APPLIED
        self.session.plan()
        self.settle(*fleet(env={"TZ": "UTC"}))

    def end(self) -> None:
        """Removed, made again from its restored secret, and removed for good, with a role that lost its boundary."""
        confirm = {"Molthub_Confirm_Delete": "acme/prod 1"}
        self.settle(*fleet()[1:], **confirm)
        self.settle(*fleet())
        hand = self.hand("rolling")
        hand("iam").delete_role_permissions_boundary(RoleName=hand.role(Kind.TASK_ROLE))
        self.settle(Molthub_Confirm_Delete=f"acme/prod {len(fleet())}")


def fleet(*, image: str = IMAGE, env: dict[str, str] | None = None, **spec: Any) -> list[Manifest]:
    """`rolling` is the one that things happen to; the others are there for what they are made of."""
    rolling = bot("rolling", runtime={"image": image, "env": env or {}}, taskRole={"statements": STATEMENTS}, **spec)
    slack = {"image": "registry.example.com/acme/openclaw-slack-otel:2026.9.6"}
    others = [bot("slack", **SLACK, runtime=slack), bot("bedrock", **BEDROCK), bot("called", **WEBHOOK)]
    return [rolling, *others]


def _kept_safe(wanted: FileSystem, foundation: Foundation) -> list[Change]:
    vault, role = foundation.backup_vault or "", foundation.backup_role or ""
    backup = Backup(wanted.name, vault, role, of="", before="a step", service="")
    restore = Restore(wanted, vault, role, of="", before="a step")
    return [
        Change(Action.CREATE, Step.BACKUP, wanted.name, None, backup),
        Change(Action.CREATE, Step.RESTORE, wanted.name, None, restore),
    ]


def _balancer(elb: Any) -> str:
    return str(elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"])
