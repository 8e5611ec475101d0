"""Which controller of its own an Environment is to have: what is asked for now, on top of what its stack has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from molthub.errors import StallingError
from molthub.manifest.documents import LoadedEnvironment
from molthub.manifest.environment import Nat
from molthub.manifest.fields import IMAGE_PATTERN, SECRET_ARN, is_pinned
from molthub.pipeline.roots import read_roots
from molthub.provider.bootstrap import ControllerSpec
from molthub.resources.identity import EnvironmentNames
from molthub.source.locations import check_ref, parse_location

_SECRET = re.compile(SECRET_ARN)
_IMAGE = re.compile(IMAGE_PATTERN)


@dataclass(frozen=True, slots=True)
class ControllerWish:
    """What a person says of the controller. None keeps what is there; "" takes ref, git_secret, root_keys away.

    wanted     True: one is to run; False: none; None: whatever there is now
    root_keys  SSH public keys, or the path of a file of them
    """

    wanted: bool | None = None
    image: str | None = None
    repo: str | None = None
    ref: str | None = None
    git_secret: str | None = None
    root_keys: str | None = None

    @property
    def given(self) -> bool:
        """Whether anything is said at all."""
        return self.wanted is not None or self.settings

    @property
    def settings(self) -> bool:
        """Whether any setting is given."""
        given = (self.image, self.repo, self.ref, self.git_secret, self.root_keys)
        return any(setting is not None for setting in given)

    def check(self) -> None:
        """Raises MH-BASE-012 for settings of a controller that is to go."""
        if self.wanted is False and self.settings:
            raise _unusable("settings are given of a controller that is to go", "Leave out one of the two")

    def on(self, there: ControllerSpec | None) -> ControllerSpec | None:
        """The controller that is to be, where `there` is now. Raises MH-BASE-012 for one that lacks what it needs."""
        self.check()
        if self.wanted is False or (there is None and not self.wanted and not self.settings):
            return None
        if there is None and not self.wanted:
            raise _unusable("settings are given of a controller that is not there", "Say --with-controller as well")
        image = self.image or (there.image if there else None)
        repo = self.repo or (there.repo if there else None)
        if not image or not repo:
            raise _unusable(
                "a new controller needs an image and the URL of the fleet repository",
                "Say --controller-image IMAGE and --controller-repo URL",
            )
        return ControllerSpec(
            image,
            repo,
            ref=_changed(self.ref, there.ref if there else None),
            git_secret=_changed(self.git_secret, there.git_secret if there else None),
            root_keys=_changed(_keys(self.root_keys), there.root_keys if there else None),
        )


def _keys(given: str | None) -> str | None:
    """The keys themselves, for a task in AWS has no file of this machine. Raises MH-ACCESS-030."""
    return None if given is None else ",".join(sorted(read_roots(given).keys or ()))


def _changed(given: str | None, there: str | None) -> str | None:
    return there if given is None else given or None


def check_controller(spec: ControllerSpec, environment: LoadedEnvironment, names: EnvironmentNames) -> None:
    """Raises MH-BASE-012 for a controller that could not start or not work, MH-BASE-013 for one without a way out."""
    _check_image(spec.image)
    _check_repo(spec.repo)
    if spec.ref is not None:
        check_ref(spec.ref)
    if spec.git_secret is not None:
        _check_secret(spec.git_secret, environment)
    wanted = environment.model.spec
    if wanted.aws.vpcId is None and wanted.network.nat is Nat.NONE:
        raise StallingError(
            "MH-BASE-013",
            f"a controller cannot work in {environment.key}: without NAT it reaches neither Git nor all it needs",
            fix="Set spec.network.nat to single or per-zone, or run the controller elsewhere",
            location=environment.locate(("spec", "network", "nat")),
        )
    role = wanted.aws.roleArn
    own = f":role{names.role_path}{names.reconciler_role}"
    if role is not None and not role.endswith(own):
        raise StallingError(
            "MH-BASE-012",
            f"the controller of {environment.key} may assume its reconciler's role only, and the manifest names {role}",
            fix="Set spec.aws.roleArn to the stack's output ReconcilerRole, or remove it",
            location=environment.locate(("spec", "aws", "roleArn")),
        )


def _check_image(image: str) -> None:
    if not _IMAGE.fullmatch(image) or not is_pinned(image):
        raise _unusable(
            f"the controller's image {image[:200]!a} is not pinned, so it may be another program tomorrow",
            "Write repository:1.2.3 with a whole version, best with @sha256:… behind it",
        )


def _check_repo(repo: str) -> None:
    try:
        found = parse_location(repo)
    except StallingError as error:
        raise _unusable(
            f"the controller's repository: {error.diagnostic.message}", "Give an https or ssh URL"
        ) from None
    if found.path is not None:
        raise _unusable(
            "the controller's repository is a path on this machine, which a task in AWS does not have",
            "Give its https or ssh URL",
        )
    if found.secrets or (repo.lower().startswith("https:") and "@" in repo.partition("://")[2].partition("/")[0]):
        raise _unusable(
            "the controller's repository URL holds a user or a token, which everybody could read in the stack",
            "Put the token into a secret and give its ARN with --controller-git-secret",
        )


def _check_secret(arn: str, environment: LoadedEnvironment) -> None:
    if not _SECRET.fullmatch(arn):
        raise _unusable(
            "the controller's Git secret is not the whole ARN of a secret",
            "Give the ARN as `aws secretsmanager describe-secret` tells it, with its six characters at the end",
        )
    region, account = arn.split(":")[3:5]
    aws = environment.model.spec.aws
    if (account, region) != (aws.accountId, aws.region):
        raise _unusable(
            f"the controller's Git secret is in account {account}, {region}, "
            f"and {environment.key} in account {aws.accountId}, {aws.region}",
            "Make the secret in the environment's own account and region",
        )


def _unusable(message: str, fix: str) -> StallingError:
    return StallingError("MH-BASE-012", message, fix=fix)
