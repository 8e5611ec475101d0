"""Drives a running simulator over HTTP. Standard library only, so that anybody may use it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from molthub.errors import StallingError

Json = dict[str, Any]


class SimulatorControl:
    """The control path of a simulator."""

    def __init__(self, endpoint_url: str, *, timeout: float = 30.0) -> None:
        self._base = endpoint_url.rstrip("/")
        self._timeout = timeout

    def reset(self) -> None:
        """An empty account, no rules, counters at zero."""
        self._post("reset")

    def seed(self, *, environments: Sequence[Mapping[str, Any]] = (), secrets: Sequence[str] = ()) -> None:
        """Make VPC, subnets and cluster of each environment with exactly the given ids, and secrets by name.

        environments: [{"accountId", "region", "cluster", "vpcId", "subnetIds"}], and optionally "roleArn" and
        "externalId" of a role to assume, "bucket", a versioned bucket to make, "certificateArn" of a certificate in
        ACM, and "hostedZoneId" and "domain" of a Route 53 zone. Not counted.
        """
        self._post("seed", {"environments": [dict(item) for item in environments], "secrets": list(secrets)})

    def counters(self) -> Json:
        """{"reads": n, "writes": n, "operations": {"ecs:CreateService": n}} since the last reset of the counters."""
        return self._get("counters")

    def reset_counters(self) -> None:
        self._post("counters/reset")

    def calls(self) -> list[Json]:
        """Every call in order: number, service, operation, write, account, region, caller (its key), error, fault."""
        calls: list[Json] = self._get("calls")["calls"]
        return calls

    def violations(self) -> list[str]:
        """Requests that no AWS would accept, and those that the simulator could not answer."""
        found: list[str] = self._get("violations")["violations"]
        return found

    def advance(self, seconds: float) -> None:
        """Push simulated time forward."""
        self._post("advance", {"seconds": seconds})

    def set_speed(self, speed: float) -> None:
        self._post("speed", {"speed": speed})

    def add_image_rule(self, image: str, behaviour: str) -> None:
        """image: a glob; behaviour: one of `molthub.simulator.ecs.images.Behaviour`."""
        self._post("images", {"image": image, "behaviour": behaviour})

    def set_role_delay(self, seconds: float) -> None:
        """How long (simulated) a new role cannot be passed to ECS yet; 0 at first."""
        self._post("roles/delay", {"seconds": seconds})

    def decisions(self) -> list[Json]:
        """What sessions asked IAM since the counters were reset: operation, action, resource, context, allowed."""
        found: list[Json] = self._get("iam/decisions")["decisions"]
        return found

    def act_as(self, access_key: str, role_arn: str) -> None:
        """From now on this access key is a session of that role, and may do what the role may."""
        self._post("iam/sessions", {"accessKey": access_key, "roleArn": role_arn})

    def set_throttling(self, *, enforced: bool) -> None:
        """Whether AWS's published request quotas are enforced, in simulated time; not at first. Fills the buckets."""
        self._post("throttle", {"enforced": enforced})

    def storage(self) -> Json:
        """What is held: `fileSystems` by id and `recoveryPoints` by ARN, each a list of marks (docs/simulator.md)."""
        found: Json = self._get("storage")
        return found

    def write_state(self, file_system_id: str, mark: str) -> None:
        """Leave a mark in a file system, as a Moltbot that learned something would."""
        self._post("storage/write", {"fileSystemId": file_system_id, "mark": mark})

    def fail_storage(self, what: str, *, times: int = 1) -> None:
        """Let the next jobs of AWS Backup fail. what: `backup` or `restore`."""
        self._post("storage/fail", {"what": what, "times": times})

    def inventory(self) -> Json:
        """Everything in the account that matters, without ids, dates and secrets' values: made to be compared."""
        return self._get("inventory")

    def add_fault(
        self, kind: str, *, operation: str = "*", nth: int = 1, times: int | None = 1, access: str | None = None
    ) -> str:
        """Order a fault for the n-th call that matches; gives the rule's id.

        kind       one of `molthub.simulator.faults.Kind`
        operation  a glob over `service:Operation`
        times      how many matches it meets from the n-th on; None for all
        access     "write" or "read" to match only those
        """
        wanted = {"kind": kind, "operation": operation, "nth": nth, "times": times, "access": access}
        return str(self._post("faults", wanted)["id"])

    def set_quota(self, service: str, code: str, value: float) -> None:
        """What Service Quotas tells from now on; until the next reset."""
        self._post("quotas", {"service": service, "code": code, "value": value})

    def faults(self) -> list[Json]:
        """The rules in force: id, operation, kind, and how many calls they have seen and met."""
        found: list[Json] = self._get("faults")["faults"]
        return found

    def clear_faults(self) -> None:
        """Forget the rules; calls that are held go on."""
        self._post("faults/clear")

    def wait_until_held(self, fault_id: str, *, timeout: float = 30.0) -> bool:
        """Wait until a call has reached a hold; False when none did in time."""
        answer = self._post("faults/wait", {"id": fault_id, "timeout": timeout}, timeout=timeout + 5)
        return bool(answer["reached"])

    def release(self, fault_id: str) -> None:
        """Let a held call go: its answer is sent (hold-after), or its connection is cut (hold-before)."""
        self._post("faults/release", {"id": fault_id})

    def _get(self, path: str) -> Json:
        return self._request("GET", path, None)

    def _post(self, path: str, body: Json | None = None, *, timeout: float | None = None) -> Json:
        return self._request("POST", path, body or {}, timeout=timeout)

    def _request(self, method: str, path: str, body: Json | None, *, timeout: float | None = None) -> Json:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._base}/_molthub/{path}", data=data, method=method)  # noqa: S310
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
        try:
            with opener.open(request, timeout=timeout or self._timeout) as response:
                answer: Json = json.loads(response.read())
                return answer
        except urllib.error.HTTPError as error:
            message = json.loads(error.read()).get("message", str(error))
            raise StallingError(
                "MH-SIM-005", message, fix="see docs/simulator.md for what the control path takes"
            ) from error
