"""The six scenes. Each acts as a person would (a commit, a hand in the AWS console) and then waits for its proof,
which it reads from AWS with plain boto3.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from molthub.cli.demo.stage import Stage, example_files
from molthub.cli.demo.witness import Bot, Json, Witness

SUPPORT = ("molthub-acme-prod", "support-bot")
TRIAL = ("molthub-acme-dev", "support-bot")
CONCIERGE = ("molthub-globex-prod", "travel-bot")
CONCIERGE_FILE = "instances/globex/prod/concierge.yaml"
TRIAL_FILE = "instances/acme/dev/support-bot.yaml"
IMAGE = "ghcr.io/openclaw/openclaw"
OLD, NEW, BAD = f"{IMAGE}:2026.8.2", f"{IMAGE}:2026.9.6", f"{IMAGE}:2026.9.6-crash"
EVERYTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
STAYS_BACK_SECONDS = 5.0
"""How long the demo watches that a bad rollout is not tried again: two drift sweeps of its controller."""


class NotProvenError(Exception):
    """A scene's proof did not come in time; the message says what was missing."""


@dataclass(slots=True)
class Play:
    """What every scene is given. tell: prints a line. before_proof: tests interfere here, people never do."""

    stage: Stage
    witness: Witness
    tell: Callable[[str], None]
    patience: float
    before_proof: Callable[[str, Play], None] = lambda _scene, _play: None

    def say(self, text: str) -> None:
        """A line of the scene's story."""
        self.tell(f"   {text}")

    def wait_for(self, what: str, proof: Callable[[], bool]) -> None:
        """Return when the proof holds; NotProvenError when patience ends."""
        end = self.stage.monotonic() + self.patience
        while not proof():
            if self.stage.monotonic() > end:
                raise NotProvenError(f"not seen within {self.patience:g} s: {what}")
            self.stage.pause(0.15)
        self.say(f"seen on AWS: {what}")

    def bot(self, which: tuple[str, str]) -> Bot | None:
        return self.witness.bot(*which)

    def must(self, which: tuple[str, str]) -> Bot:
        bot = self.bot(which)
        if bot is None:
            raise NotProvenError(f"{which[1]} is not on AWS")
        return bot


@dataclass(frozen=True, slots=True)
class Scene:
    """name: in the JSON, for ever. title: what people read."""

    name: str
    title: str
    act: Callable[[Play], Callable[[], None]]
    """Acts, and returns the proof, which raises NotProvenError."""


def deploy(play: Play) -> Callable[[], None]:
    files = example_files()
    play.stage.commit("Describe the fleet", files)
    play.stage.commit("Start the concierge on an older version", {CONCIERGE_FILE: _with_image(play, OLD)})
    play.say("two commits pushed: the example fleet of two workspaces, with a Slack bot and a Telegram bot")
    play.stage.start_controller()
    play.say("a controller follows the repository; nobody types anything any more")

    def proof() -> None:
        for which in (SUPPORT, TRIAL, CONCIERGE):
            what = f"{which[1]} runs in {which[0]}, without a public address, nothing let in"
            play.wait_for(what, partial(_runs_in_private, play, which))

    return proof


def roll_forward(play: Play) -> Callable[[], None]:
    before = play.must(CONCIERGE)
    play.stage.commit("Upgrade the concierge", {CONCIERGE_FILE: _with_image(play, NEW)})
    play.say(f"one commit pushed: the concierge's image goes from {OLD} to {NEW}")

    def proof() -> None:
        def new() -> bool:
            bot = play.bot(CONCIERGE)
            return bot is not None and bot.running and bot.image == NEW and bot.definition != before.definition

        play.wait_for(f"the concierge runs {NEW}", new)

    return proof


def put_drift_right(play: Play) -> Callable[[], None]:
    bot = play.must(SUPPORT)
    group, role = bot.groups[0]["GroupId"], _role_of(play, bot)
    world = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    play.witness.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=world)
    play.witness.iam.put_role_policy(RoleName=role, PolicyName="for-debugging", PolicyDocument=EVERYTHING)
    play.witness.ecs.update_service(cluster=SUPPORT[0], service=bot.service["serviceName"], desiredCount=0)
    play.say("by hand, somebody opened port 22 to the world, allowed the bot everything in AWS, and stopped it")

    def proof() -> None:
        play.wait_for("port 22 is closed again", lambda: play.must(SUPPORT).private)
        play.wait_for("the policy is gone", lambda: play.must(SUPPORT).policies == bot.policies)
        play.wait_for("the bot runs again", lambda: play.must(SUPPORT).running)

    return proof


def roll_back(play: Play) -> Callable[[], None]:
    good = play.must(CONCIERGE)
    play.stage.commit("Try a build that crashes", {CONCIERGE_FILE: _with_image(play, BAD)})
    play.say(f"one commit pushed: {BAD}, which crashes when it starts")

    def proof() -> None:
        play.wait_for("the bad build was rolled out", lambda: BAD in play.witness.definitions_text())
        play.wait_for("the concierge runs the good build again", lambda: _runs(play, good))
        rollouts = _rollouts(play, good)
        play.stage.pause(STAYS_BACK_SECONDS)
        if _rollouts(play, good) != rollouts or not _runs(play, good):
            raise NotProvenError("the bad build was tried again")
        play.say(f"seen on AWS: not tried again in {STAYS_BACK_SECONDS:g} s of looking at it")

    return proof


def refuse_secret(play: Play) -> Callable[[], None]:
    before = play.must(CONCIERGE)
    token = f"{secrets.randbelow(10**9):010d}:{secrets.token_urlsafe(26)[:35]}"

    def leak(document: dict[str, Any]) -> None:
        document["spec"]["runtime"] |= {"image": NEW, "memory": 4096, "env": {"HELPER": token}}

    play.stage.commit("Put a token where it does not belong", {CONCIERGE_FILE: play.stage.edit(CONCIERGE_FILE, leak)})
    play.say("one commit pushed: a bot's token in plain text, in an environment variable")

    def proof() -> None:
        checked = play.stage.molthub("validate", CONCIERGE_FILE)
        if checked.returncode == 0 or token in checked.stdout + checked.stderr:
            raise NotProvenError("validate took the manifest, or repeated the token")
        play.say(f"molthub validate refuses it, as it would in CI (exit {checked.returncode}), without repeating it")
        followed = play.stage.log.read_text
        play.wait_for("the controller has judged the commit", lambda: "MH-SEC-001" in followed())
        play.stage.pause(1.0)
        if play.must(CONCIERGE).definition != before.definition or token in play.witness.definitions_text():
            raise NotProvenError("the token reached AWS")
        if token in followed():
            raise NotProvenError("the token is in the controller's log")
        play.say("seen on AWS: the concierge is as it was, and no task definition holds the token")

    return proof


def prune(play: Play) -> Callable[[], None]:
    good = {CONCIERGE_FILE: _with_image(play, NEW, clean=True)}
    confirm = "Retire the trial bot\n\nMolthub-Confirm-Delete: acme/dev 1"
    play.must(TRIAL)
    play.stage.commit(confirm, {**good, TRIAL_FILE: None})
    play.say("one commit pushed: the trial bot's manifest is gone (and says so: it is the last one of its environment)")

    def proof() -> None:
        def gone() -> bool:
            return play.bot(TRIAL) is None and not play.witness.left_of("acme-dev-support-bot")

        if not play.witness.left_of("acme-prod-support-bot"):
            raise NotProvenError("the neighbour went too")
        play.wait_for("nothing is left of the trial bot", gone)
        play.wait_for("its neighbours run", lambda: play.must(SUPPORT).running and play.must(CONCIERGE).running)

    return proof


SCENES = (
    Scene("deploy", "Manifests in Git become running Moltbots", deploy),
    Scene("roll-forward", "A commit rolls one forward", roll_forward),
    Scene("drift", "What somebody changed by hand is put right", put_drift_right),
    Scene("roll-back", "A bad image rolls back, and stays back", roll_back),
    Scene("refuse-secret", "A plaintext secret is refused", refuse_secret),
    Scene("prune", "A removed manifest is pruned", prune),
)


def _runs_in_private(play: Play, which: tuple[str, str]) -> bool:
    bot = play.bot(which)
    return bot is not None and bot.running and bot.private


def _with_image(play: Play, image: str, *, clean: bool = False) -> str:
    def change(document: dict[str, Any]) -> None:
        if clean:
            document["spec"]["runtime"] = {}
        document["spec"]["runtime"]["image"] = image

    return play.stage.edit(CONCIERGE_FILE, change)


def _role_of(play: Play, bot: Bot) -> str:
    definition: Json = play.witness.ecs.describe_task_definition(taskDefinition=bot.definition)["taskDefinition"]
    return str(definition["taskRoleArn"]).rsplit("/", 1)[-1]


def _runs(play: Play, good: Bot) -> bool:
    bot = play.bot(CONCIERGE)
    return bot is not None and bot.running and bot.definition == good.definition


def _rollouts(play: Play, bot: Bot) -> list[str]:
    answer = play.witness.ecs.list_service_deployments(cluster=CONCIERGE[0], service=bot.service["serviceName"])
    return sorted(item["serviceDeploymentArn"] for item in answer["serviceDeployments"])
