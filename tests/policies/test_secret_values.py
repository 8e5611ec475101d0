"""What counts as a secret's value. Every token here is made at run time, so that no scanner of a code host fires."""

from __future__ import annotations

import base64
import random
import string
import time

import pytest

from molthub.manifest.secret_shapes import looks_secret, secret_kind
from tests.fakes.policies import findings

RANDOM = random.Random(20261123)
ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def chars(count: int, alphabet: str = ALNUM) -> str:
    """Random characters, with a digit and two letters at least, as in any real token."""
    return "".join(RANDOM.choice(alphabet) for _ in range(count - 3)) + "a1B"[:3].lower()


def pem(kind: str) -> str:
    return f"-----{'BEGIN'} {kind}PRIVATE {'KEY'}-----\n{chars(64)}\n{chars(64)}\n-----{'END'} {kind}PRIVATE KEY-----"


def jwt() -> str:
    parts = [b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890","admin":true}']
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "." + chars(43)


TOKENS: dict[str, str] = {
    "anthropic": "sk-" + "ant-api03-" + chars(40),
    "openai legacy": "sk-" + chars(48),
    "openai project": "sk-" + "proj-" + chars(60),
    "openrouter": "sk-" + "or-v1-" + chars(64, HEX),
    "google api": "AI" + "za" + chars(35),
    "groq": "gsk" + "_" + chars(52),
    "xai": "xai" + "-" + chars(70),
    "perplexity": "pplx" + "-" + chars(48),
    "hugging face": "hf" + "_" + chars(34),
    "replicate": "r8" + "_" + chars(37),
    "slack bot": "xox" + "b-123456789012-1234567890123-" + chars(24),
    "slack user": "xox" + "p-123456789012-123456789012-" + chars(32, HEX),
    "slack app": "xapp" + "-1-A0123456789-1234567890123-" + chars(64, HEX),
    "slack webhook": "https://hooks." + "slack.com/services/T0123ABCD/B0123ABCD/" + chars(24),
    "telegram": "1234567890:" + "AA" + chars(33),
    "discord bot": "M" + chars(23) + "." + chars(6) + "." + chars(38),
    "discord webhook": "https://discord.com/" + "api/webhooks/123456789012345678/" + chars(68),
    "github classic": "gh" + "p_" + chars(36),
    "github oauth": "gh" + "o_" + chars(36),
    "github fine-grained": "github" + "_pat_" + chars(22) + "_" + chars(59),
    "gitlab": "gl" + "pat-" + chars(20),
    "atlassian": "ATAT" + "T3xFf" + chars(100),
    "npm": "npm" + "_" + chars(36),
    "pypi": "pypi" + "-AgEIcHlwaS5vcmc" + chars(60),
    "rubygems": "rubygems" + "_" + chars(48, HEX),
    "docker": "dckr" + "_pat_" + chars(27),
    "aws access key": "AK" + "IA" + "Q3EXAMPLE7EXAMP2",
    "aws temporary key": "AS" + "IA" + "Q3EXAMPLE7EXAMP2",
    "aws secret key": chars(40),
    "google oauth": "GOC" + "SPX-" + chars(28),
    "azure client secret": "abc" + "8Q" + "~" + chars(34),
    "digitalocean": "dop" + "_v1_" + chars(64, HEX),
    "vault": "hv" + "s." + chars(90),
    "terraform cloud": chars(14) + ".atlas" + "v1." + chars(67),
    "tailscale": "tskey" + "-auth-" + chars(20) + "-" + chars(30),
    "databricks": "da" + "pi" + chars(32, HEX),
    "doppler": "dp." + "pt." + chars(43),
    "grafana": "gl" + "sa_" + chars(32) + "_" + chars(8, HEX),
    "new relic": "NR" + "AK-" + chars(27),
    "sentry": "sntry" + "s_" + chars(60),
    "stripe": "sk" + "_live_" + chars(24),
    "stripe webhook": "wh" + "sec_" + chars(32),
    "sendgrid": "SG" + "." + chars(22) + "." + chars(43),
    "mailgun": "key" + "-" + chars(32, HEX),
    "twilio": "SK" + chars(32, HEX),
    "shopify": "shp" + "at_" + chars(32, HEX),
    "notion": "ntn" + "_" + chars(46),
    "linear": "lin" + "_api_" + chars(40),
    "age key": "AGE-SECRET" + "-KEY-1" + chars(58).upper(),
    "hex 32": chars(32, HEX),
    "hex 64": chars(64, HEX),
    "base64 of 32 bytes": base64.b64encode(RANDOM.randbytes(32)).decode(),
    "base64url of 48 bytes": base64.urlsafe_b64encode(RANDOM.randbytes(48)).decode(),
    "jwt": jwt(),
    "rsa key": pem("RSA "),
    "openssh key": pem("OPENSSH "),
    "plain key": pem(""),
    "base64 of a key": base64.b64encode(pem("RSA ").encode()).decode(),
    "password in an address": "postgres://bot:" + "hunter2" + "@db.example.com:5432/bot",
    "password without user": "redis://:" + "hunter2" + "@cache.example.com:6379/0",
    "bearer": "Authorization: Bear" + "er " + chars(24),
    "basic": "Authorization: Bas" + "ic " + base64.b64encode(b"bot:hunter2hunter2").decode(),
    "azure storage": "DefaultEndpointsProtocol=https;AccountName=a;Account" + "Key=" + chars(60),
    "database string": "Server=db;User Id=bot;Pass" + "word=hunter22;",
    "in a sentence": "back on Monday, the password is " + "hunter22",
    "assignment": "pass api_key=" + "abc123def and go",
    "key in the middle of text": "x" + pem(""),
    "address in the middle of text": "see_https://bot:" + "hunter2" + "@tools.example.com",
    "signed address": "https://b.s3.amazonaws.com/x?X-Amz-Signature=" + chars(64, HEX),
}

PLACES = {
    "label": lambda value: {"metadata": {"labels": {"note": value}}},
    "env": lambda value: {"spec": {"runtime": {"env": {"NOTE": value}}}},
    "reason": lambda value: {"spec": {"lifecycle": {"paused": {"by": "ana", "reason": f"see {value} there"}}}},
    "command": lambda value: {"spec": {"runtime": {"command": ["node", f"--note={value}"]}}},
}

INNOCENT = [
    "ghcr.io/openclaw/openclaw:2026.9.6",
    "ghcr.io/openclaw/openclaw:2026.9.6@sha256:" + "0123456789abcdef" * 4,
    "sha256:" + "3f7a9b2c" * 8,
    "3f7a9b2c1d4e5f60718293a4b5c6d7e8f9012345",
    "rolled back to 3f7a9b2c1d4e5f60718293a4b5c6d7e8f9012345 on Monday",
    "123e4567-e89b-12d3-a456-426614174000",
    "arn:aws:iam::123456789012:role/molthub/acme-bots/reconciler",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme/prod/support-bot-AbC1d2",
    "arn:aws:kms:eu-west-1:123456789012:key/123e4567-e89b-12d3-a456-426614174000",
    "arn:aws:sns:eu-west-1:123456789012:my-very-long-topic-name-for-support-bot-alerts",
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/my-load-balancer/50dc6c495c0c9188",
    "arn:aws:iam::123456789012:role/MyCompanySupportBotExecutionRoleForProductionEurope",
    "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
    "anthropic/claude-sonnet-4-5",
    "amazon-bedrock/global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "openrouter/meta-llama/llama-4-maverick-17b-128e-instruct",
    "acme/prod/support-bot#slackBot",
    "acme/prod/customer-support/telegram-bot-europe-west#telegramBotToken",
    "https://otel.example.com:4318/v1/traces",
    "https://example.com/path/to/a/rather/long/page-about-something?lang=en&page=2",
    "http://user@example.com/",
    "postgres://db.example.com:5432/support",
    "postgres://bot:$PASSWORD@db.example.com/support",
    "Europe/Berlin",
    "2026-11-23T10:00:00+01:00",
    "ana@example.com",
    "holiday until the seventh of January",
    "we rotate the token: OPS-1234 has the date",
    "token rotation is due on 2027-01-31",
    "the secret is stored under acme/prod/model",
    "waiting for a new password from the vendor",
    "sk-learn and task-runner are fine words",
    "molthub-acme-prod-support-bot-0a1b2c3d4e",
    "vpc-0a1b2c3d4e5f60718,subnet-0a1b2c3d4e5f60718,subnet-0b1b2c3d4e5f60718",
    "--max-old-space-size=1536",
    "/home/node/.openclaw/workspace/projects/support/knowledge-base/index.json",
    "en_US.UTF-8",
    "info,molthub=debug,aws_smithy_runtime::client::orchestrator=warn",
    "198.51.100.7:8080",
    "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQ\n-----END CERTIFICATE-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtJb2xlZ3JhcGhpY2tleW1hdGVyaWFs ana@example.com",
    "CamelCaseConfigurationPropertyNamesAreOftenVeryLongIndeed",
    "SCREAMING_SNAKE_CASE_NAMES_ARE_LONG_TOO_SOMETIMES_2",
    "kebab-case-release-2026-09-06-hotfix-3-for-customer-42",
    "0123456789",
    "Bearer of bad news",
    "basic configuration",
    "key: value",
    "",
]


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_is_recognised(name: str) -> None:
    assert secret_kind(TOKENS[name]) is not None


@pytest.mark.parametrize("place", PLACES)
def test_a_token_is_found_wherever_it_stands_and_never_repeated(place: str) -> None:
    for name, token in TOKENS.items():
        if place == "label" and not all(char.isalnum() or char in " _.:/=+-@" for char in token):
            continue  # not a legal label
        if len(token) > 250 or "\n" in token:
            continue
        (found,) = findings("MH-SEC-001", PLACES[place](token))
        assert token not in found.message + found.fix, name


@pytest.mark.parametrize("text", INNOCENT)
def test_an_innocent_value_is_left_alone(text: str) -> None:
    assert secret_kind(text) is None


@pytest.mark.parametrize("text", ["sk-" + "ant-" + "x" * 20, "xox" + "b-1-" + "y" * 20])
def test_a_token_as_a_key_is_found_and_not_repeated(text: str) -> None:
    (found,) = findings("MH-SEC-001", {"metadata": {"labels": {text: "x"}}})
    assert found.message.startswith("a key of metadata.labels looks like ")
    assert text not in found.message


def test_there_are_enough_of_both() -> None:
    assert len(TOKENS) >= 40
    assert len(INNOCENT) >= 40


@pytest.mark.parametrize("alphabet", [ALNUM + "+/", HEX, ALNUM])
def test_random_strings_of_forty_are_nearly_always_seen(alphabet: str) -> None:
    seen = sum(secret_kind("".join(RANDOM.choice(alphabet) for _ in range(44))) is not None for _ in range(500))
    assert seen >= 485


@pytest.mark.parametrize(
    "name",
    ["DB_PASSWORD", "apiKey", "--token", "SLACK_BOT_TOKEN", "KEY", "STRIPE_SECRET", "GOOGLE_CREDENTIALS", "TOKEN_PROD",
     "ENCRYPTION_KEY", "SSH_PRIVATE_KEY", "client-secret", "passwd", "MAX_TOKENS", "GH_PAT"],
)  # fmt: skip
def test_a_name_tells_a_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    ["TZ", "TOKEN_LIMIT", "KEY_PREFIX", "PUBLIC_KEY", "SSH_AUTHORIZED_KEYS", "MONKEY", "KEYBOARD", "PASSWORD_POLICY",
     "TOKENIZER", "SECRETARY_NAME", "team", "sort-key", "TOKEN_TTL_SECONDS", "SECRET_ARN", "PATTERN", ""],
)  # fmt: skip
def test_a_name_tells_no_secret(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(
    "unit", ["a.", "eyJ", "a://b:", "bearer ", "sk-", "token=", "-----BEGIN ", "0a", "?sig=", "A-"]
)
def test_a_long_hostile_text_is_judged_in_linear_time(unit: str) -> None:
    began = time.perf_counter()
    secret_kind(unit * (250_000 // len(unit)))
    assert time.perf_counter() - began < 20  # a quadratic search takes minutes
