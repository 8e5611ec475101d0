"""How a manifest's fields and the facts come through."""

from __future__ import annotations

from molthub.desired.render import RenderFacts, linked_secrets, render
from molthub.desired.secrets import parse_key
from molthub.resources.identity import Identity, gateway_version_id, names_of
from molthub.resources.normal import normalise, task_fingerprint
from molthub.resources.types import Kind, Service, TaskDefinition
from tests.builders import loaded_environment, loaded_instance
from tests.fakes.desired import FLEET, SAMPLES, config_of, containers_of, rendered

IDENTITY = Identity(FLEET, "acme", "prod", "support-bot")
IMAGE = "ghcr.io/openclaw/openclaw:2026.9.6"


def definition_of(**spec: object) -> TaskDefinition:
    definition = rendered(**spec).resources.task_definition  # type: ignore[arg-type]
    assert definition is not None
    return definition


def service_of(sample: str = "telegram", **spec: object) -> Service:
    service = rendered(sample, **spec).resources.service  # type: ignore[arg-type]
    assert service is not None
    return service


def test_every_kind_is_rendered_and_normalised() -> None:
    resources = rendered("webhook", state={"persistent": True}).resources
    for kind in Kind:
        resource = resources.get(kind)
        assert resource is not None
        assert resource == normalise(resource)


def test_the_service_names_the_definitions_content() -> None:
    definition = definition_of()
    assert service_of().task_definition == task_fingerprint(definition)
    assert service_of(runtime={"image": IMAGE, "cpu": 2048}).task_definition != task_fingerprint(definition)


def test_a_pause_changes_the_count_and_nothing_else() -> None:
    running, paused = rendered("telegram").resources, rendered("paused").resources
    assert (service_of("telegram").desired_count, service_of("paused").desired_count) == (1, 0)
    assert running.task_definition == paused.task_definition
    assert running.execution_role == paused.execution_role


def test_a_manifests_pause_counts_only_when_the_facts_say_so() -> None:
    """`until` may have passed; the clock is the caller's."""
    instance = loaded_instance(spec=SAMPLES["paused"])
    result = render(instance, loaded_environment(), fleet=FLEET, facts=RenderFacts({}, paused=False))
    assert result.resources.service is not None
    assert result.resources.service.desired_count == 1


def test_a_restart_and_a_changed_secret_are_new_definitions() -> None:
    plain = definition_of()
    restarted = definition_of(lifecycle={"restartedAt": "2026-11-02T09:30:00+01:00"})
    rotated = rendered(versions={"acme/prod/model": "v2"}).resources.task_definition
    assert rotated is not None
    assert len({task_fingerprint(item) for item in (plain, restarted, rotated)}) == 3
    assert dict(restarted.containers[1].labels)["molthub.restarted-at"] == "2026-11-02T08:30:00+00:00"


def test_the_gateway_secrets_version_defaults_to_the_one_it_is_made_with() -> None:
    name = names_of(IDENTITY).gateway_secret
    known = rendered(versions={name: gateway_version_id(IDENTITY)}).resources
    assert known == rendered().resources
    assert rendered(versions={name: "rotated"}).resources != known


def test_labels_are_tags_and_never_a_new_definition() -> None:
    labelled = loaded_instance(metadata={"labels": {"team": "support", "molthubx": "1"}})
    result = render(labelled, loaded_environment(), fleet=FLEET, facts=RenderFacts({}))
    assert result.resources.task_definition == rendered().resources.task_definition
    assert result.resources.service is not None
    assert dict(result.resources.service.tags)["team"] == "support"


def test_protection_is_a_tag_of_the_service_alone() -> None:
    result = rendered("restarted-and-protected").resources
    assert result.service is not None
    assert result.security_group is not None
    assert dict(result.service.tags)["molthub:deletion-protection"] == "true"
    assert "molthub:deletion-protection" not in dict(result.security_group.tags)


def test_a_rename_that_keeps_the_id_changes_nothing() -> None:
    renamed = loaded_instance(metadata={"id": "support-bot", "name": "help-bot"})
    result = render(renamed, loaded_environment(), fleet=FLEET, facts=RenderFacts({}))
    assert result.resources == rendered().resources


def test_secrets_take_ecs_forms() -> None:
    _, gateway = containers_of(rendered("linked-arn-and-other-names"))
    arn = "arn:aws:secretsmanager:eu-west-1:210987654321:secret:model-AbCdEf:key::"
    assert dict(gateway.secrets) == {
        "ANTHROPIC_API_KEY": arn,
        "OUR_MODEL_KEY": arn,
        "OUR_BOT": "${secret:acme/prod/bot}",
        "TELEGRAM_BOT_TOKEN": "${secret:acme/prod/bot}",
        "OPENCLAW_GATEWAY_TOKEN": "${secret:molthub/acme-bots/acme-prod-support-bot-1b0ba3f997/gateway}",
    }
    assert parse_key("a/b#k").value_from == "${secret:a/b}:k::"


def test_linked_secrets_are_known_before_any_fact() -> None:
    instance = loaded_instance(spec=SAMPLES["linked-arn-and-other-names"])
    wanted = {"acme/prod/bot", "arn:aws:secretsmanager:eu-west-1:210987654321:secret:model-AbCdEf"}
    assert linked_secrets(instance) == wanted
    assert rendered("linked-arn-and-other-names").linked_secrets == wanted


def test_a_digest_is_pulled_without_its_tag_and_the_label_keeps_both() -> None:
    _, gateway = containers_of(rendered("waived"))
    assert gateway.image == "ghcr.io/openclaw/openclaw@sha256:" + "ab" * 32
    assert dict(gateway.labels)["molthub.image"].startswith("ghcr.io/openclaw/openclaw:2026.9.6@sha256:")


def test_an_image_without_a_profile_is_rendered_by_the_newest_one() -> None:
    unknown = config_of(rendered(runtime={"image": "registry.example.com/acme/bot:stable"}))
    assert unknown == config_of(rendered(runtime={"image": IMAGE}))


def test_hooks_hold_the_manifests_paths_and_the_tokens_name() -> None:
    hooks = config_of(rendered("webhook"))["hooks"]
    assert hooks["token"] == "${HOOK_TOKEN}"
    assert [item["match"]["path"] for item in hooks["mappings"]] == ["github"]
    assert "hooks" not in config_of(rendered("slack"))


def test_tracing_is_on_only_when_asked_for() -> None:
    assert config_of(rendered())["diagnostics"] == {"enabled": False}
    config = config_of(rendered("restarted-and-protected"))
    assert config["diagnostics"]["otel"]["endpoint"] == "https://otel.example.com"
    assert config["plugins"]["entries"]["diagnostics-otel"] == {"enabled": True}


def test_a_model_of_bedrock_may_be_invoked_and_no_other() -> None:
    role = rendered("bedrock-and-task-role").resources.task_role
    assert role is not None
    text = dict(role.inline_policies)["molthub"]
    assert "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-pro-v1:0" in text
    assert "inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0" in text
    assert "bedrock:InvokeModel*" not in text
