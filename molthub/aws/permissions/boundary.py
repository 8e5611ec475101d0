"""The permissions boundary of instances' roles: the most any of them may ever do.

It is the answer to two questions. What can a Moltbot do whose manifest asks for much? (The guardrails refuse wildcards
and escalation before; this holds without them.) And what can somebody do who has taken over the reconciler, which may
make roles, write their policies and run tasks with them? Both: this list, and no more. So it names what is allowed,
service by service, instead of what is forbidden. What it leaves out, a manifest's `taskRole` cannot have. The stack
is a person's: whoever runs `molthub bootstrap` may widen it, the reconciler cannot.
"""

from __future__ import annotations

from typing import Any

from molthub.aws.permissions.policy import document_of
from molthub.aws.permissions.scopes import Place

Document = dict[str, Any]

DATA: tuple[str, ...] = (
    *("athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution"),
    *("bedrock:ApplyGuardrail", "bedrock:GetInferenceProfile", "bedrock:InvokeAgent", "bedrock:InvokeModel"),
    *("bedrock:InvokeModelWithResponseStream", "bedrock:Rerank", "bedrock:Retrieve", "bedrock:RetrieveAndGenerate"),
    *("cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics"),
    *("cloudwatch:ListMetrics", "cloudwatch:PutMetricData", "comprehend:Detect*"),
    *("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem"),
    *("dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PartiQL*", "dynamodb:PutItem", "dynamodb:Query"),
    *("dynamodb:Scan", "dynamodb:UpdateItem", "ec2:Describe*", "ecs:Describe*", "ecs:List*", "es:ESHttp*"),
    *("execute-api:Invoke", "firehose:PutRecord", "firehose:PutRecordBatch", "glue:GetDatabase*", "glue:GetPartition*"),
    *("glue:GetTable*", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator"),
    *("kinesis:ListShards", "kinesis:PutRecord", "kinesis:PutRecords"),
    *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
    *("lambda:InvokeFunction", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:FilterLogEvents"),
    *("logs:GetLogEvents", "logs:GetQueryResults", "logs:StartQuery", "logs:StopQuery", "polly:SynthesizeSpeech"),
    *("rds:Describe*", "rds-data:BatchExecuteStatement", "rds-data:BeginTransaction", "rds-data:CommitTransaction"),
    *("rds-data:ExecuteStatement", "rds-data:RollbackTransaction", "rekognition:Detect*"),
    *("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectTagging", "s3:GetBucketLocation"),
    *("s3:GetObject*", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"),
    *("s3:ListMultipartUploadParts", "s3:PutObject", "s3:PutObjectTagging", "ses:SendEmail", "ses:SendRawEmail"),
    *("sns:Publish", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
    *("sqs:ReceiveMessage", "sqs:SendMessage", "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"),
    *("states:DescribeExecution", "states:StartExecution", "states:StopExecution", "tag:GetResources"),
    *(
        "textract:Analyze*",
        "textract:Detect*",
        "transcribe:GetTranscriptionJob",
        "transcribe:StartStreamTranscription*",
    ),
    *("transcribe:StartTranscriptionJob", "translate:TranslateText", "xray:GetSampling*"),
    *("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
)
"""Using data and models, and looking: what a manifest may ask for. Nothing here changes who may do what, runs code
with another role, opens anything to others, or reads a secret; a test holds each against the guardrail's list."""

PULLING = (
    *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken"),
    "ecr:GetDownloadUrlForLayer",
)
FILES = ("elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess", "elasticfilesystem:ClientWrite")


def boundary_policy(place: Place, *, bucket: str | None = None) -> Document:
    """The boundary's document.

    place   partition, account, region and fleet are used; its own ARN and the rest are not
    bucket  name of the environment's bucket for lease and published status, which no Moltbot may touch
    """
    arn = f"arn:{place.partition}"
    here = f"{place.region}:{place.account}"
    statements = [
        _allow("Data", DATA, "*"),
        _allow("Pull", PULLING, "*"),
        _allow(
            "Logs",
            ("logs:CreateLogStream", "logs:PutLogEvents"),
            f"{arn}:logs:{here}:log-group:/molthub/{place.fleet}/*",
        ),
        # What is mounted is the task definition's; each file system's own policy and the task role name the one.
        _allow("Files", FILES, f"{arn}:elasticfilesystem:{here}:file-system/*"),
        # ECS fetches secrets with the execution role before anything of the Moltbot runs. Its task role never may.
        # Linked secrets have any name, and may be another account's.
        _allow("Secrets", ("secretsmanager:GetSecretValue",), f"{arn}:secretsmanager:*:*:secret:*")
        | {
            "Condition": {
                "ArnLike": {"aws:PrincipalArn": f"{arn}:iam::{place.account}:role/molthub/{place.fleet}/mh-*-exec"}
            }
        },
    ]
    if bucket is not None:
        own = [f"{arn}:s3:::{bucket}", f"{arn}:s3:::{bucket}/*"]
        statements.append({"Sid": "NotTheLease", "Effect": "Deny", "Action": ["s3:*"], "Resource": own})
    return document_of(statements)


def _allow(sid: str, actions: tuple[str, ...], resource: str) -> Document:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": [resource]}
