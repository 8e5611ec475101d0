"""The grammar of IAM actions and resource ARNs, and the actions that lead further than they say.

Grammar: IAM user guide, "Action" and "Resource" elements, and "Amazon Resource Names". The actions: the published
work on privilege escalation in AWS (Rhino Security Labs' list, PMapper, Cloudsplaining's risk categories), reviewed
for what a Moltbot's own role may never need.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

ACTION = re.compile(r"[a-z][a-z0-9-]*:[A-Za-z][A-Za-z0-9]*")
_ACTION_LIKE = re.compile(r"[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+|\*")
_ARN = re.compile(
    r"arn:aws[a-z-]*:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):(?P<account>[0-9]{12}|aws)?:(?P<resource>[^\s$]+)"
)

ESCALATING: dict[str, str] = {
    "iam:*": "changes or reads who may do what",
    "organizations:*": "acts on the whole organisation",
    "account:*": "acts on the whole account",
    "sso*:*": "changes who may sign in",
    "identitystore:*": "changes who may sign in",
    "sts:assume*": "takes on another role",
    "sts:getfederationtoken": "makes credentials that outlive the task",
    "sts:getsessiontoken": "makes credentials that outlive the task",
    "secretsmanager:getsecretvalue": "reads secrets at run time; spec.secrets injects those it needs",
    "secretsmanager:batchgetsecretvalue": "reads secrets at run time; spec.secrets injects those it needs",
    "secretsmanager:create*": "writes secrets",
    "secretsmanager:put*": "writes secrets",
    "secretsmanager:update*": "writes secrets",
    "secretsmanager:delete*": "destroys secrets",
    "secretsmanager:re*": "moves, restores or rotates secrets",
    "ssm:sendcommand": "runs commands on machines",
    "ssm:start*": "opens a session or runs a document",
    "ssm:resumesession": "opens a session",
    "ssm:*association*": "runs documents on machines",
    "ssm:*document*": "changes what runs on machines",
    "ssmmessages:*": "opens a shell into the task",
    "ec2messages:*": "runs commands on machines",
    "ec2-instance-connect:*": "opens a shell",
    "kms:creategrant": "hands a key on to others",
    "kms:putkeypolicy": "changes who may use a key",
    "kms:schedulekeydeletion": "destroys a key",
    "kms:disable*": "takes a key out of use",
    "kms:replicate*": "copies a key",
    "ecs:execute*": "opens a shell into a task",
    "ecs:run*": "starts tasks with other roles",
    "ecs:start*": "starts tasks with other roles",
    "ecs:stop*": "stops tasks",
    "ecs:register*": "defines tasks with other roles",
    "ecs:deregister*": "takes tasks out of use",
    "ecs:create*": "changes services behind Molthub's back",
    "ecs:update*": "changes services behind Molthub's back",
    "ecs:delete*": "destroys services",
    "ecs:put*": "changes clusters",
    "ecs:*tag*": "changes the tags by which Molthub knows its own",
    "tag:*tagresources": "changes the tags by which Molthub knows its own",
    "lambda:create*": "runs code with another role",
    "lambda:update*": "changes the code that runs with another role",
    "lambda:add*": "lets others run a function",
    "lambda:publish*": "changes the code that runs with another role",
    "ec2:runinstances": "starts machines with other roles",
    "ec2:request*": "starts machines with other roles",
    "ec2:*iaminstanceprofile*": "gives machines other roles",
    "ec2:modify*": "changes machines, images or networks",
    "ec2:authorize*": "opens the network",
    "ec2:create*": "creates machines, templates or networks",
    "ec2:getpassworddata": "reads a machine's password",
    "autoscaling:create*": "starts machines with other roles",
    "autoscaling:update*": "starts machines with other roles",
    "batch:submit*": "runs jobs with other roles",
    "batch:register*": "defines jobs with other roles",
    "cloudformation:create*": "builds anything with another role",
    "cloudformation:update*": "builds anything with another role",
    "cloudformation:execute*": "builds anything with another role",
    "cloudformation:set*": "changes what a stack may do",
    "codebuild:*": "runs builds with another role",
    "codepipeline:*": "runs pipelines with another role",
    "codestar:*": "makes projects with other roles",
    "datapipeline:*": "runs pipelines with another role",
    "glue:create*": "runs code with another role",
    "glue:update*": "runs code with another role",
    "sagemaker:create*": "runs code with another role",
    "states:create*": "runs workflows with another role",
    "states:update*": "runs workflows with another role",
    "events:put*": "triggers others' work",
    "scheduler:create*": "triggers others' work with another role",
    "scheduler:update*": "triggers others' work with another role",
    "eks:*access*": "changes who may enter a cluster",
    "eks:create*": "builds clusters with other roles",
    "ecr:put*": "replaces the images that run",
    "ecr:set*": "changes who may replace images",
    "ecr:*layer*upload": "replaces the images that run",
    "s3:put*policy": "opens a bucket to others",
    "s3:put*acl": "opens a bucket to others",
    "s3:delete*policy": "changes who may read a bucket",
    "s3:put*publicaccessblock": "opens buckets to everybody",
    "s3:*accesspointpolicy*": "opens a bucket to others",
    "s3:*accessgrant*": "opens a bucket to others",
    "*:putresourcepolicy": "opens a resource to others",
    "*:deleteresourcepolicy": "changes who may use a resource",
    "*:addpermission": "opens a resource to others",
    "cloudtrail:*": "hides what was done",
    "config:*": "hides what was done",
    "guardduty:*": "hides what was done",
    "securityhub:*": "hides what was done",
    "logs:delete*": "hides what was done",
    "logs:put*policy": "changes how long logs are kept, or who may read them",
}
"""Pattern over the lower-case action to what it does; IAM compares actions without case."""

_HARMLESS = frozenset({"secretsmanager:describesecret", "cloudtrail:lookupevents", "codebuild:listbuilds"})


def is_action(text: str) -> bool:
    """`service:Action`, exactly, without a wildcard."""
    return ACTION.fullmatch(text) is not None


def action_has_wildcard(text: str) -> bool:
    """Something that would be an action but for its `*` or `?`."""
    return _ACTION_LIKE.fullmatch(text) is not None and ("*" in text or "?" in text)


def escalation(action: str) -> str | None:
    """What makes an action dangerous in a Moltbot's own role, or None. Only for exact actions."""
    lowered = action.lower()
    if lowered in _HARMLESS:
        return None
    return next((why for pattern, why in ESCALATING.items() if fnmatchcase(lowered, pattern)), None)


def arn_complaint(text: str) -> str | None:
    """What is wrong with a resource, as the rest of a sentence, or None; `*` may only stand after a `/` at the end."""
    if text == "*":
        return "is every resource there is"
    arn = _ARN.fullmatch(text)
    if arn is None:
        return "has a wildcard outside its last part" if _is_wild_arn(text) else "is not an ARN"
    exact = arn["resource"].removesuffix("/*")
    if "*" in exact or "?" in exact:
        return "has a wildcard that does not stand alone after a / at its end"
    if exact != arn["resource"] and arn["service"] != "s3" and not re.search(r"[/:]", exact):
        return f"is every {exact} there is"
    return None


def _is_wild_arn(text: str) -> bool:
    return text.startswith("arn:") and text.count(":") >= 5 and ("*" in text or "?" in text)  # noqa: PLR2004 - an ARN
