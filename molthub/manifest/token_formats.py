"""What published tokens look like: a kind, as a person would call it, and a pattern.

Sources: the issuers' own documentation of their prefixes, and the rule lists of gitleaks and of GitHub's secret
scanning. Lengths are lower bounds: issuers lengthen their tokens, never their prefixes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

FORMATS: tuple[tuple[str, str], ...] = (
    # Models
    ("an Anthropic key", r"sk-ant-[A-Za-z0-9_-]{8,}"),
    ("an OpenRouter key", r"sk-or-(?:v1-)?[A-Za-z0-9]{16,}"),
    ("an OpenAI key", r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{16,}"),
    ("a model provider's key", r"sk-(?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9]{16,}[A-Za-z0-9_-]*"),
    ("a Google API key", r"AIza[A-Za-z0-9_-]{30,}"),
    ("a Groq key", r"gsk_[A-Za-z0-9]{20,}"),
    ("an xAI key", r"xai-[A-Za-z0-9]{20,}"),
    ("a Perplexity key", r"pplx-[A-Za-z0-9]{20,}"),
    ("a Hugging Face token", r"hf_[A-Za-z0-9]{20,}"),
    ("a Replicate token", r"r8_[A-Za-z0-9]{20,}"),
    ("an NVIDIA key", r"nvapi-[A-Za-z0-9_-]{20,}"),
    ("a Tavily key", r"tvly-[A-Za-z0-9_-]{16,}"),
    ("a Bedrock API key", r"(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/=_-]{20,}"),
    # Chat
    ("a Slack token", r"xox[abcdeoprs](?:\.xox[abp])?-[A-Za-z0-9-]{8,}|xapp-[0-9]-[A-Za-z0-9-]{8,}"),
    ("a Slack webhook address", r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{10,}"),
    ("a Telegram bot token", r"[0-9]{8,11}:[A-Za-z0-9_-]{35}"),
    ("a Discord bot token", r"[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"),
    ("a Discord webhook address", r"discord(?:app)?\.com/api/webhooks/[0-9]{10,}/[A-Za-z0-9_-]{20,}"),
    ("a Teams webhook address", r"webhook\.office\.com/webhookb2/[A-Za-z0-9@/-]{20,}"),
    # Code hosts and package registries
    ("a GitHub token", r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"),
    ("a GitLab token", r"gl(?:pat|ptt|rt|oas|dt|cbt|ft|soat|agent|imt|ffct)-[A-Za-z0-9_-]{16,}"),
    ("an Atlassian token", r"ATATT3[A-Za-z0-9_=-]{20,}|ATBB[A-Za-z0-9]{20,}"),
    ("an npm token", r"npm_[A-Za-z0-9]{20,}"),
    ("a PyPI token", r"pypi-AgE[A-Za-z0-9_-]{16,}"),
    ("a RubyGems token", r"rubygems_[0-9a-f]{32,}"),
    ("a Docker token", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{16,}"),
    # Clouds and infrastructure
    ("an AWS access key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    ("a Google OAuth secret", r"GOCSPX-[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{20,}"),
    ("an Azure client secret", r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{30,}"),
    ("a DigitalOcean token", r"do[oprt]_v1_[0-9a-f]{32,}"),
    ("a HashiCorp Vault token", r"hv[sbr]\.[A-Za-z0-9_-]{20,}"),
    ("a Terraform Cloud token", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{30,}"),
    ("a Tailscale key", r"tskey-[a-z]+-[A-Za-z0-9-]{10,}"),
    ("a Pulumi token", r"pul-[0-9a-f]{40}"),
    ("a Databricks token", r"dapi[0-9a-f]{32}"),
    ("a Doppler token", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{20,}"),
    ("a 1Password token", r"ops_eyJ[A-Za-z0-9+/=_-]{20,}"),
    ("a Supabase key", r"sb[p]_[0-9a-f]{32,}|sb_secret_[A-Za-z0-9_-]{16,}"),
    ("an age private key", r"AGE-SECRET-KEY-1[A-Z0-9]{20,}"),
    # Monitoring
    ("a Grafana token", r"gl(?:sa|c)_[A-Za-z0-9+/=_]{20,}"),
    ("a New Relic key", r"NR(?:AK|II|JS|RA)-[A-Za-z0-9_-]{16,}"),
    ("a Sentry token", r"sntry[su]_[A-Za-z0-9+/=_-]{20,}"),
    # Business services
    ("a Stripe key", r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}"),
    ("a SendGrid key", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("a Mailgun key", r"key-[0-9a-f]{32}"),
    ("a Mailchimp key", r"[0-9a-f]{32}-us[0-9]{1,2}"),
    ("a Twilio key", r"SK[0-9a-f]{32}"),
    ("a Shopify token", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    ("a Square token", r"sq0(?:atp|csp)-[A-Za-z0-9_-]{20,}|EAAA[A-Za-z0-9_-]{56,}"),
    ("a Notion token", r"ntn_[A-Za-z0-9]{20,}|secret_[A-Za-z0-9]{40,}"),
    ("a Linear key", r"lin_(?:api|oauth)_[A-Za-z0-9]{20,}"),
    ("an Airtable token", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{40,}"),
    ("a Figma token", r"fig[dou]r?_[A-Za-z0-9_-]{20,}"),
    ("a Postman key", r"PMAK-[0-9a-f]{20,}-[0-9a-f]{20,}"),
    # Forms without an issuer
    ("a private key", r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]*"),
    ("a signed web token (JWT)", r"eyJ[A-Za-z0-9_-]{8,}\.(?:eyJ)?[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*"),
    ("a signed address", r"(?i:[?&](?:sig|x-amz-signature|x-goog-signature)=)[A-Za-z0-9%+/=_-]{20,}"),
    ("a bearer token", r"(?i:bearer\s+)(?=[A-Za-z0-9._~+/=-]*[0-9])[A-Za-z0-9._~+/=-]{16,}"),
    ("a name and password in base64", r"(?i:basic\s+)(?=[A-Za-z0-9+/=]*[A-Z0-9])[A-Za-z0-9+/]{12,}={0,2}"),
)
"""Kind and pattern, most telling first. None begins in the middle of a word: `(?<!…)` below."""

ANYWHERE: tuple[tuple[str, str], ...] = (
    ("a private key", r"-----BEGIN[A-Z0-9 ]*PRIVATE KEY"),
    ("an address with a password", r"://[^\s/:@?#]*:(?![<$*{])[^\s/@]+@"),
)
"""Forms that may follow anything. Both open with a literal, so that a search takes linear time."""

_END = r"[A-Za-z0-9_-]"
_WORDS = re.compile("|".join(f"(?P<k{index}>(?<!{_END})(?:{pattern}))" for index, (_, pattern) in enumerate(FORMATS)))
_ANYWHERE = tuple((kind, re.compile(pattern)) for kind, pattern in ANYWHERE)
_EXACT_LENGTH = frozenset({"a Telegram bot token", "an AWS access key"})
_CERTIFICATE = ("LS0tLS1CRUdJTiBDRVJU", "LS0tLS1CRUdJTiBQVUJM")  # "-----BEGIN CERT", "-----BEGIN PUBL"


def known_format(text: str) -> str | None:
    """The kind of the first known token in a text, as "a Slack token", or None."""
    for kind, pattern in _ANYWHERE:
        if pattern.search(text):
            return kind
    return next((kind for kind, _ in _tokens(text)), None)


def masked(text: str) -> str:
    """The text with every known token in it replaced by its kind: `[a Slack token]`."""
    for kind, pattern in _ANYWHERE:
        text = pattern.sub(f"[{kind}]", text)
    parts, at = [], 0
    for kind, match in _tokens(text):
        parts += [text[at : match.start()], f"[{kind}]"]
        at = match.end()
    return "".join([*parts, text[at:]])


def _tokens(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    for match in _WORDS.finditer(text):
        kind = FORMATS[int((match.lastgroup or "k0")[1:])][0]
        runs_on = re.match(_END, text[match.end() : match.end() + 1]) is not None
        if (kind in _EXACT_LENGTH and runs_on) or match[0].startswith(_CERTIFICATE):
            continue
        yield kind, match
