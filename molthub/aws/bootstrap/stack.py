"""`AwsBase`: molthub.provider.bootstrap.Base as a CloudFormation stack.

The stack is the memory: whatever this process was doing when it ended is read from the stack's status by the next
one. Works with a person's own credentials, never with the reconciler's role, which is part of the stack.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from molthub.aws.api import Api, Refusal, Throttle, no_throttle
from molthub.aws.bootstrap import around
from molthub.aws.bootstrap.changes import changes_of
from molthub.aws.bootstrap.controller import controller_in
from molthub.aws.bootstrap.following import Follower, Sleep, failed, left_alone, not_begun
from molthub.aws.bootstrap.parts import tags_of
from molthub.aws.bootstrap.room import check_room
from molthub.aws.bootstrap.template import MOST_BYTES, first_part, names_of, template, template_text
from molthub.aws.clients import Clients, Sessions
from molthub.aws.foundation import check_ours, describe_stack, outputs_of, read_foundation
from molthub.errors import MolthubError, StallingError
from molthub.provider.bootstrap import (
    BaseFactory,
    BaseSpec,
    Cancelled,
    ControllerSpec,
    Follow,
    Proposal,
    QuotaCheck,
    Remains,
    StackState,
    Standing,
)
from molthub.provider.protocols import Location
from molthub.resources.foundation import Foundation

CHANGE_SET_POLL = 2.0
CONTROLLER_POLL = 5.0
BACKUPS_POLL = 5.0
TEMPLATE = "template.json"
OVERTAKEN = frozenset(
    {"ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus", "InvalidChangeSetStatusException"}
)
NOTHING = ("didn't contain changes", "No updates are to be performed")
STANDINGS = {
    "REVIEW_IN_PROGRESS": Standing.LEFTOVER,
    "CREATE_FAILED": Standing.FAILED_FIRST,
    "ROLLBACK_COMPLETE": Standing.FAILED_FIRST,
    "ROLLBACK_FAILED": Standing.FAILED_FIRST,
    "UPDATE_FAILED": Standing.STUCK,
    "UPDATE_ROLLBACK_FAILED": Standing.STUCK,
    "DELETE_FAILED": Standing.DELETE_FAILED,
    "DELETE_COMPLETE": Standing.ABSENT,
}


def never() -> bool:
    return False


class AwsBase:
    """The base of one Environment."""

    def __init__(self, spec: BaseSpec, clients: Clients, *, sleep: Sleep, throttle: Throttle = no_throttle) -> None:
        self.api = Api(clients, throttle)
        self._spec = spec
        self._names = names_of(spec)
        self._sleep = sleep

    # -- looking -----------------------------------------------------------------------------------------------

    def state(self) -> StackState:
        """How the stack stands now."""
        stack = self._stack()
        if stack is None:
            return StackState(Standing.ABSENT)
        status = str(stack["StackStatus"])
        busy = Standing.BUSY if status.endswith("_IN_PROGRESS") else Standing.READY
        return StackState(STANDINGS.get(status, busy), status, stack.get("StackStatusReason", ""))

    def quotas(self) -> tuple[QuotaCheck, ...]:
        """Whether the account has room for a new base."""
        return check_room(self.api, template(self._spec))

    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        stack = self._stack()
        return outputs_of(stack) if stack is not None else {}

    def controller(self) -> ControllerSpec | None:
        """The controller that the stack has now."""
        return controller_in(self.outputs())

    def foundation(self) -> Foundation:
        """What was made, as the provider reads it."""
        spec = self._spec
        location = Location(
            spec.account_id,
            spec.region,
            spec.cluster or "",
            spec.vpc_id or "",
            spec.subnet_ids,
            stack=self._names.stack,
        )
        return read_foundation(self.api, location, fleet=spec.fleet, about=str(spec.key))

    def holds(self) -> tuple[str, ...]:
        """Backups that deleting would lose."""
        count = around.backups_held(self.api, self._names.backup_vault)
        return (
            (f"{count} {'backup' if count == 1 else 'backups'} in the vault {self._names.backup_vault}",)
            if count
            else ()
        )

    def delete_held(self, cancelled: Cancelled) -> None:
        """Deletes those backups, for good, and waits until they are gone: a vault goes only when it is empty."""
        while around.delete_backups(self.api, self._names.backup_vault):
            if cancelled():
                raise left_alone(str(self._spec.key), "DELETING_BACKUPS")
            self._sleep(BACKUPS_POLL, cancelled)

    # -- planning ----------------------------------------------------------------------------------------------

    def propose(self) -> Proposal | None:
        """A change set; None when nothing changes, and the change set is gone then."""
        text = template_text(self._spec)
        first = self.state().standing in {Standing.ABSENT, Standing.LEFTOVER}
        partial = first and _is_large(text)
        found = self._create_change_set(template_text(first_part(self._spec)) if partial else text, first=first)
        changes = changes_of(self._changes(found))
        proposal = Proposal(found["ChangeSetId"], found["StackId"], first, changes, partial=partial)
        if found["Status"] != "FAILED":
            return proposal
        self.discard(proposal)
        reason = str(found.get("StatusReason", ""))
        if any(words in reason for words in NOTHING):
            return None
        raise StallingError(
            "MH-BASE-004", f"AWS refuses the change of {self._spec.key}: {reason}", fix="Look at what AWS says"
        )

    def discard(self, proposal: Proposal) -> None:
        """Remove the change set, and the stack that is nothing but it."""
        missing = frozenset({"ChangeSetNotFound", "ChangeSetNotFoundException", "ValidationError"})
        self.api.expecting(missing, "cloudformation", "DeleteChangeSet", ChangeSetName=proposal.id)
        if proposal.first and self.state().standing is Standing.LEFTOVER:
            self._delete(proposal.stack)

    def _create_change_set(self, text: str, *, first: bool) -> dict[str, Any]:
        tags = [{"Key": key, "Value": value} for key, value in sorted(tags_of(self._spec).items())]
        name = f"molthub-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        request: dict[str, Any] = {
            "StackName": self._names.stack,
            "ChangeSetName": name,
            "ChangeSetType": "CREATE" if first else "UPDATE",
            **({"TemplateURL": self._upload(text)} if _is_large(text) else {"TemplateBody": text}),
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Tags": tags,
            "Description": "molthub bootstrap",
        }
        there = frozenset({"AlreadyExistsException"})
        made = self.api.expecting(there, "cloudformation", "CreateChangeSet", subject=self._names.stack, **request)
        if isinstance(made, Refusal):  # of a run that was cut off
            self.api.call("cloudformation", "DeleteChangeSet", StackName=self._names.stack, ChangeSetName=name)
            made = self.api.call("cloudformation", "CreateChangeSet", subject=self._names.stack, **request)
        while True:
            found = self.api.call("cloudformation", "DescribeChangeSet", ChangeSetName=made["Id"])
            if not found["Status"].endswith(("_PENDING", "_IN_PROGRESS")):
                return found
            self._sleep(CHANGE_SET_POLL, never)

    def _upload(self, text: str) -> str:
        """Put the template into the stack's own bucket, into which the reconciler may not write it. The URL names the
        very version, so that nobody's else is taken."""
        bucket = self.outputs().get("Bucket")
        if bucket is None:
            raise _too_large(self._names.stack, len(text.encode()))
        owner = self._spec.account_id
        answer = self.api.call(
            "s3",
            "PutObject",
            subject=f"{bucket}/{TEMPLATE}",
            Bucket=bucket,
            Key=TEMPLATE,
            Body=text.encode(),
            ExpectedBucketOwner=owner,
        )
        suffix = "amazonaws.com.cn" if self._spec.region.startswith("cn-") else "amazonaws.com"
        url = f"https://{bucket}.s3.{self._spec.region}.{suffix}/{TEMPLATE}"
        version = answer.get("VersionId")
        return f"{url}?versionId={quote(version, safe='')}" if version else url

    def _changes(self, found: dict[str, Any]) -> list[Any]:
        changes = list(found.get("Changes", ()))
        while token := found.get("NextToken"):
            found = self.api.call(
                "cloudformation", "DescribeChangeSet", ChangeSetName=found["ChangeSetId"], NextToken=token
            )
            changes += found.get("Changes", ())
        return changes

    # -- doing -------------------------------------------------------------------------------------------------

    def carry_out(self, proposal: Proposal, follow: Follow, cancelled: Cancelled) -> None:
        """Execute the change set and follow it to its end."""
        about = str(self._spec.key)
        try:
            around.ensure_service_roles(self.api, self._spec)
            if cancelled():
                raise not_begun(about)
        except MolthubError:
            with suppress(MolthubError):  # the first error is the one to tell
                self.discard(proposal)
            raise
        follower = Follower(self.api, proposal.stack, self._sleep)
        follower.mark()
        token = f"molthub-{proposal.id.rpartition('/')[2]}"
        answer = self.api.expecting(
            OVERTAKEN, "cloudformation", "ExecuteChangeSet", ChangeSetName=proposal.id, ClientRequestToken=token
        )
        if isinstance(answer, Refusal):
            raise StallingError(
                "MH-BASE-014",
                f"the stack of {about} was changed meanwhile, so what was shown is not carried out ({answer.words})",
                fix=f"Run `molthub bootstrap --environment {about}` again: it plans from what is there now",
            )
        self._finished(follower, follow, cancelled, verb="create" if proposal.first else "update")

    def resume(self, follow: Follow, cancelled: Cancelled) -> None:
        """Follow what another run began; raises when it did not succeed."""
        stack = self._stack()
        if stack is None:
            return
        follower = Follower(self.api, stack["StackId"], self._sleep)
        follower.mark()
        verb = str(stack["StackStatus"]).partition("_")[0].lower().replace("rollback", "create")
        self._finished(follower, follow, cancelled, verb=verb, begun=True)

    def clear(self, follow: Follow, cancelled: Cancelled) -> None:
        """Remove a stack whose first creation failed, or that was never begun."""
        stack = self._stack()
        if stack is not None:
            follower = Follower(self.api, stack["StackId"], self._sleep)
            follower.mark()
            self._delete(stack["StackId"])
            self._finished(follower, follow, cancelled, verb="delete")

    def finish(self) -> tuple[str, ...]:
        """Termination protection on, the default security group empty, the controller wanted once: a destroy that was
        cut off took the first and the last away. Nothing is written that is so already."""
        stack = self._stack()
        if stack is None:
            return ()
        done = []
        outputs = outputs_of(stack)
        if "Controller" in outputs and around.wake(self.api, outputs["Cluster"], outputs["Controller"]):
            done.append("the controller runs again")
        if not stack.get("EnableTerminationProtection"):
            self._protect(on=True)
            done.append("termination protection is on")
        group = outputs.get("DefaultGroup")
        if group and around.empty_default_group(self.api, group):
            done.append("the VPC's default security group is emptied")
        return tuple(done)

    def destroy(self, follow: Follow, cancelled: Cancelled) -> Remains:
        """Delete the stack with what it holds."""
        stack = self._stack()
        if stack is None:
            return Remains()
        outputs = outputs_of(stack)
        if stack.get("EnableTerminationProtection"):
            self._protect(on=False)
        if service := outputs.get("Controller"):
            self._stop(outputs["Cluster"], service, cancelled)
        around.empty_bucket(self.api, self._names.bucket, self._spec.account_id)
        follower = Follower(self.api, stack["StackId"], self._sleep)
        follower.mark()
        self._delete(stack["StackId"])
        self._finished(follower, follow, cancelled, verb="delete")
        kept = [("the account's service-linked roles", "other things of AWS may use them")]
        if key := outputs.get("KmsKey"):
            kept.insert(0, (f"the key {key}", "KMS deletes it in 30 days; until then it can be brought back"))
        return Remains(tuple(kept))

    # -- parts -------------------------------------------------------------------------------------------------

    def _finished(
        self, follower: Follower, follow: Follow, cancelled: Cancelled, *, verb: str, begun: bool = False
    ) -> None:
        about = str(self._spec.key)
        ended = follower.to_the_end(follow, cancelled, about=about, begun=begun)
        if not ended.ok:
            raise failed(ended, about=about, verb=verb)

    def _stop(self, cluster: str, service: str, cancelled: Cancelled) -> None:
        """End the controller, which would else go on writing into the bucket that is being emptied."""
        missing = frozenset({"ServiceNotFoundException", "ServiceNotActiveException", "ClusterNotFoundException"})
        where = {"cluster": cluster, "service": service}
        answer = self.api.expecting(missing, "ecs", "UpdateService", subject=service, **where, desiredCount=0)
        while not isinstance(answer, Refusal):
            found = self.api.call("ecs", "DescribeServices", cluster=cluster, services=[service])["services"]
            if not any(item["runningCount"] + item["pendingCount"] for item in found):
                return
            if cancelled():
                raise left_alone(str(self._spec.key), "CONTROLLER_STOPPING")
            self._sleep(CONTROLLER_POLL, cancelled)

    def _protect(self, *, on: bool) -> None:
        self.api.call(
            "cloudformation",
            "UpdateTerminationProtection",
            StackName=self._names.stack,
            EnableTerminationProtection=on,
        )

    def _delete(self, stack_id: str) -> None:
        self.api.call("cloudformation", "DeleteStack", subject=self._names.stack, StackName=stack_id)

    def _stack(self) -> dict[str, Any] | None:
        """The stack. Raises MH-AWS-013 for one of that name that is not this fleet's: it is not even looked at."""
        stack = describe_stack(self.api, self._names.stack)
        if stack is not None:
            check_ours(stack, self._names.stack, fleet=self._spec.fleet)
        return stack


def _is_large(text: str) -> bool:
    return len(text.encode()) > MOST_BYTES


def _too_large(stack: str, size: int) -> StallingError:
    return StallingError(
        "MH-BASE-002",
        f"the template of the stack {stack} has {size} bytes, CloudFormation takes {MOST_BYTES} with the request, and "
        "the stack has no bucket that it could be taken from",
        fix="Deploy what --print shows through a bucket of your own, once (molthub explain MH-BASE-002)",
    )


def aws_bases(sleep: Sleep) -> BaseFactory:
    """A BaseFactory for AWS. Credentials, profile and endpoints are taken as boto3 takes them; no role is assumed."""
    sessions = Sessions()

    def base(spec: BaseSpec) -> AwsBase:
        location = Location(spec.account_id, spec.region, "", "", ())
        return AwsBase(spec, Clients(sessions, location), sleep=sleep)

    return base
