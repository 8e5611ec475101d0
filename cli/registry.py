"""Whether a registry has an image, asked as a Fargate task would ask: without credentials.

The registry's own protocol (OCI distribution specification, "Checking if content exists in the registry"; token
authentication as its 401 describes it). No credential is ever sent: an anonymous token is fetched where the registry
says so, over https, and shown to that registry alone.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus

from molthub.desired.profiles.images import parse_image
from molthub.pipeline.doctor.here import Pull

TIMEOUT = 10.0
DOCKER_HUB = "registry-1.docker.io"
MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1",
        "oci.image.manifest.v1",
        "docker.distribution.manifest.list.v2",
        "docker.distribution.manifest.v2",
    )
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass(frozen=True, slots=True)
class Registries:
    """Asks registries. scheme: `http` only for a test's registry on loopback."""

    scheme: str = "https"
    timeout: float = TIMEOUT

    def look_up(self, image: str) -> Pull:
        """What the registry says; UNREACHABLE for anything that is no clear answer."""
        reference = parse_image(image)
        if reference is None:
            return Pull.MISSING
        host, path = reference.registry, reference.repository
        if host == "docker.io":
            host, path = DOCKER_HUB, path if "/" in path else f"library/{path}"
        url = f"{self.scheme}://{host}/v2/{path}/manifests/{reference.digest or reference.tag or 'latest'}"
        try:
            status, challenge = self._head(url, None)
            if status == HTTPStatus.UNAUTHORIZED and (token := self._token(challenge)):
                status, _ = self._head(url, token)
        except (OSError, ValueError):
            return Pull.UNREACHABLE
        if status in _REFUSED:
            return Pull.PRIVATE
        if status == HTTPStatus.NOT_FOUND:
            return Pull.MISSING
        return Pull.PRESENT if status == HTTPStatus.OK else Pull.UNREACHABLE

    def _head(self, url: str, token: str | None) -> tuple[int, str]:
        """Status, and the challenge of a 401. urllib's redirects drop nothing but the method, so none is followed."""
        headers = {"Accept": MANIFESTS} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(url, method="HEAD", headers=headers)  # noqa: S310 - https, or a test's
        try:
            with _OPENER.open(request, timeout=self.timeout) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("WWW-Authenticate", "")

    def _token(self, challenge: str) -> str | None:
        """An anonymous token of the registry's own token server; None where it offers none."""
        scheme, _, rest = challenge.partition(" ")
        parts = dict(_CHALLENGE.findall(rest))
        realm = parts.pop("realm", "")
        if scheme.lower() != "bearer" or urllib.parse.urlsplit(realm).scheme != self.scheme:
            return None
        asked = urllib.parse.urlencode({key: parts[key] for key in ("service", "scope") if key in parts})
        request = urllib.request.Request(f"{realm}?{asked}")  # noqa: S310 - the scheme was checked
        try:
            with _OPENER.open(request, timeout=self.timeout) as answer:
                held = json.loads(answer.read(1 << 20))
        except urllib.error.HTTPError:
            return None
        found = held.get("token") or held.get("access_token") if isinstance(held, dict) else None
        return found if isinstance(found, str) else None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer of its own: a token is shown to nobody else."""

    def redirect_request(self, *_arguments: object, **_more: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def look_up(image: str) -> Pull:
    """What the image's registry says of it."""
    return Registries().look_up(image)
