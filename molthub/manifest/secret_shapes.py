"""Does a text hold a secret? By the format of known tokens, by its name, by an assignment in prose, by randomness.

A password that is a plain word, under a name that says nothing, cannot be told from any other word: the structure
(`spec.secrets` takes references only) is the first defence, this is the second.
"""

from __future__ import annotations

import re
from itertools import pairwise

from molthub.manifest.token_formats import known_format

GENERIC = "a random string such as keys are made of"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SECRET_WORDS = _words(
    """token tokens secret secrets password passwords passwd pwd passphrase credential credentials key keys
    apikey apikeys privatekey accesskey authtoken pat"""
)
_HARMLESS_BEFORE_KEY = _words("public sort primary partition foreign authorized routing cache idempotency hot")
_HARMLESS_ENDINGS = _words(
    """limit limits ttl seconds minutes hours days count prefix header name path file dir budget type length size max
    min owner issuer audience rotation policy provider source status version url uri endpoint id arn ref reference
    team enabled required expiry algorithm scope scopes"""
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_PLACEHOLDER = re.compile(r"[<$*{].*|x{3,}|changeme|redacted|none|null|true|false|on|off|yes|no|", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,9}")
_ASSIGNMENT = re.compile(
    r"(?i)(?<![a-z])(?:password|passwd|pwd|passphrase|secret|token|credentials?|(?:api|access|account|private|auth"
    r"|shared ?access|signing|encryption)[-_ ]?key)[\"']?\s*(?:[=:]|\bis\b)\s*[\"']?([^\s\"',;]{6,})"
)
_INNOCENT_ASSIGNED = re.compile(r"[A-Z]{2,10}-[0-9]+|v?[0-9][0-9.]*|[A-Z][A-Z0-9_]*|arn:.*|[a-z-]+/.*", re.ASCII)

_PUBLIC_PEM = re.compile(r"-----BEGIN (CERTIFICATE|PUBLIC KEY)-----.*?(-----END \1-----|\Z)", re.DOTALL)
_SSH_PUBLIC = re.compile(r"ssh-(?:ed25519|rsa) AAAA[A-Za-z0-9+/=]+")
_DIGEST = re.compile(r"\b(?:sha256|sha384|sha512)[:-][A-Za-z0-9+/=]{40,}")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_COMMIT = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])")
_LONG_RUN = re.compile(r"[A-Za-z0-9+/=_-]{32,}")
_HEX_RUN = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{32,}|[0-9A-F]{32,})(?![0-9A-Za-z])")
_DIGEST_WORDS = _words("digest sha sha1 sha256 checksum commit hash revision etag")


def secret_kind(text: str, *, name: str = "") -> str | None:
    """What kind of secret a text seems to hold, as "a Slack token", or None. `name` is what it is called, if known."""
    found = known_format(text)
    if found:
        return found
    if name and looks_secret(name) and not _is_harmless_value(text):
        return "a value under a secret's name"
    if _assigns(text):
        return "a password or key written out"
    return GENERIC if _holds_random(text, name) else None


def looks_secret(name: str) -> bool:
    """Whether a name says that a secret is behind it: `DB_PASSWORD`, `apiKey`, `--token`; not `TOKEN_LIMIT`."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _HARMLESS_ENDINGS:
        return False
    return any(
        word in SECRET_WORDS and not (word.startswith("key") and before in _HARMLESS_BEFORE_KEY)
        for before, word in pairwise(["", *words])
    )


def _is_harmless_value(text: str) -> bool:
    """A switch, a placeholder, or a bare number (MAX_TOKENS: "4096")."""
    return _PLACEHOLDER.fullmatch(text) is not None or _NUMBER.fullmatch(text) is not None


def _assigns(text: str) -> bool:
    for match in _ASSIGNMENT.finditer(text):
        value = match[1]
        if _INNOCENT_ASSIGNED.fullmatch(value) or _PLACEHOLDER.fullmatch(value):
            continue
        if re.search(r"[A-Za-z]", value) and re.search(r"[0-9]", value):
            return True
    return False


def _holds_random(text: str, name: str) -> bool:
    for public in (_PUBLIC_PEM, _SSH_PUBLIC, _DIGEST, _UUID, _COMMIT):
        text = public.sub(" ", text)
    if _HEX_RUN.search(text):
        return not _DIGEST_WORDS.intersection(word.lower() for word in re.split(r"[^A-Za-z0-9]+", name))
    return any(_is_random(run) for run in _LONG_RUN.findall(text))


def _is_random(run: str) -> bool:
    """Words keep to one class of character for a while; random characters change it at every other step."""
    if _kinds(run) == {"a", "A", "0"}:
        return _changes(run) > 0.33  # noqa: PLR2004 - random base64 has 0.6 ± 0.09, CamelCase words below 0.3
    parts = [part for part in re.split(r"[+/=_-]+", run) if len(part) >= _LONG_PART]
    return any(_changes(part) > (0.2 if "0" in _kinds(part) else 0.4) for part in parts)  # base32 has 0.3 ± 0.08


_LONG_PART = 20
"""Longer than the identifiers AWS and Molthub put behind a readable name (10 to 17 characters)."""


def _kinds(text: str) -> set[str]:
    return {_kind(char) for char in text} - {" "}


def _changes(text: str) -> float:
    """How often the next character is of another class, from 0 to 1; separators do not count as one."""
    pairs = [(left, right) for left, right in pairwise(map(_kind, text)) if " " not in (left, right)]
    return sum(left != right for left, right in pairs) / len(text)


def _kind(char: str) -> str:
    return "a" if char.islower() else "A" if char.isupper() else "0" if char.isdigit() else " "
