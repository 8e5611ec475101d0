"""The control path, `/_molthub/…`: JSON in, JSON out, never counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from molthub.simulator.backend import GLOBAL_LOCK
from molthub.simulator.ecs.images import Behaviour
from molthub.simulator.inventory import inventory
from molthub.simulator.replies import Answer
from molthub.simulator.seeding import seed
from molthub.simulator.world import World

Json = dict[str, Any]


class Control:
    """Answers the control path of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._actions: dict[tuple[str, str], Callable[[Json], Json]] = {
            ("POST", "reset"): self._reset,
            ("POST", "seed"): self._seed,
            ("GET", "counters"): lambda _: self._world.ledger.counters(),
            ("POST", "counters/reset"): self._reset_counters,
            ("GET", "calls"): lambda _: {"calls": self._world.ledger.log()},
            ("GET", "violations"): lambda _: {"violations": [str(item) for item in self._world.ledger.violations]},
            ("POST", "advance"): self._advance,
            ("POST", "speed"): self._speed,
            ("POST", "images"): self._image_rule,
            ("POST", "roles/delay"): self._role_delay,
            ("POST", "quotas"): self._quota,
            ("GET", "iam/decisions"): lambda _: {"decisions": [item.as_json() for item in self._world.decisions]},
            ("POST", "iam/sessions"): self._session,
            ("POST", "throttle"): self._throttle,
            ("POST", "storage/fail"): self._fail_storage,
            ("POST", "storage/write"): self._write_state,
            ("GET", "storage"): lambda _: self._storage(),
            ("GET", "inventory"): lambda _: inventory(self._world),
            ("GET", "faults"): lambda _: {"faults": self._world.faults.listing()},
            ("POST", "faults"): lambda wanted: {"id": self._world.faults.add(wanted)},
            ("POST", "faults/clear"): self._clear_faults,
            ("POST", "faults/release"): self._release,
        }

    def __call__(self, method: str, path: str, body: bytes) -> Answer:
        name = path.removeprefix("/_molthub/")
        action = self._actions.get((method, name))
        try:
            wanted = json.loads(body or b"{}")
            if (method, name) == ("POST", "faults/wait"):  # may take long, and others must get on meanwhile
                return _json(200, self._wait(wanted))
            if action is None:
                return _json(404, {"message": f"the control path has no {method} {path}"})
            with GLOBAL_LOCK:
                return _json(200, action(wanted))
        except (KeyError, TypeError, ValueError) as error:
            return _json(400, {"message": f"{method} {path}: {type(error).__name__}: {error}"})

    def _reset(self, _: Json) -> Json:
        self._world.reset()
        return {}

    def _seed(self, wanted: Json) -> Json:
        seed(self._world, environments=wanted.get("environments", []), secrets=wanted.get("secrets", []))
        return {}

    def _reset_counters(self, _: Json) -> Json:
        self._world.ledger.calls.clear()
        self._world.decisions.clear()
        return {}

    def _advance(self, wanted: Json) -> Json:
        self._world.clock.advance(float(wanted["seconds"]))
        self._world.settle()
        return {}

    def _speed(self, wanted: Json) -> Json:
        self._world.clock.set_speed(float(wanted["speed"]))
        return {}

    def _image_rule(self, wanted: Json) -> Json:
        self._world.ecs.engine.images.add(str(wanted["image"]), Behaviour(wanted["behaviour"]))
        return {}

    def _role_delay(self, wanted: Json) -> Json:
        self._world.account.role_delay = float(wanted["seconds"])
        return {}

    def _session(self, wanted: Json) -> Json:
        self._world.principals.bind(str(wanted["accessKey"]), str(wanted["roleArn"]))
        return {}

    def _throttle(self, wanted: Json) -> Json:
        self._world.throttling.reset()
        self._world.throttling.enforced = bool(wanted["enforced"])
        return {}

    def _quota(self, wanted: Json) -> Json:
        self._world.quotas[str(wanted["service"]), str(wanted["code"])] = float(wanted["value"])
        return {}

    def _fail_storage(self, wanted: Json) -> Json:
        for place in self._world.places():
            self._world.stores.of(*place).fail[str(wanted["what"])] = int(wanted["times"])
        return {}

    def _write_state(self, wanted: Json) -> Json:
        for place in self._world.places():
            self._world.stores.of(*place).marks[str(wanted["fileSystemId"])].append(str(wanted["mark"]))
        return {}

    def _storage(self) -> Json:
        places = [self._world.stores.of(*place) for place in self._world.places()]
        return {
            "fileSystems": {key: list(marks) for store in places for key, marks in store.marks.items()},
            "recoveryPoints": {arn: list(point.marks) for store in places for arn, point in store.points.items()},
        }

    def _clear_faults(self, _: Json) -> Json:
        self._world.faults.clear()
        return {}

    def _release(self, wanted: Json) -> Json:
        self._world.faults.find(wanted["id"]).released.set()
        return {}

    def _wait(self, wanted: Json) -> Json:
        with GLOBAL_LOCK:
            fault = self._world.faults.find(wanted["id"])
        return {"reached": fault.reached.wait(float(wanted["timeout"]))}


def _json(status: int, content: Json) -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps(content).encode())
