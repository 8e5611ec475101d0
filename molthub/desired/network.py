"""The instance's own security group: nothing in, out by preset."""

from __future__ import annotations

from molthub.manifest.models import EgressPreset
from molthub.resources.identity import Identity, names_of
from molthub.resources.types import Pairs, Rule, SecurityGroup

EVERYWHERE = "0.0.0.0/0"
HTTPS = Rule("tcp", 443, 443, EVERYWHERE, "HTTPS")
EVERYTHING = Rule("-1", None, None, EVERYWHERE, "everything")
EGRESS = {EgressPreset.RESTRICTED: (HTTPS,), EgressPreset.DEFAULT: (EVERYTHING,)}


def security_group(identity: Identity, *, vpc_id: str, preset: EgressPreset, tags: Pairs) -> SecurityGroup:
    """No ingress rule exists: whatever listens in the task, nobody outside can reach it.

    The description is immutable on AWS, so it holds the identity, never the name. DNS and the credentials endpoint
    are link-local and need no rule.
    """
    return SecurityGroup(
        name=names_of(identity).security_group,
        description=f"Molthub instance {identity}",
        vpc_id=vpc_id,
        ingress=(),
        egress=EGRESS[preset],
        tags=tags,
    )
