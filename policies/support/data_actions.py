"""What a Moltbot's own role may be allowed at all: using data and models, and looking.

The permissions boundary that `molthub bootstrap` gives every role of an instance is made of this list, and MH-IAM-003
warns of what is not on it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

DATA: tuple[str, ...] = (
    *("athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution"),
    *("bedrock:ApplyGuardrail", "bedrock:GetFoundationModel", "bedrock:GetInferenceProfile", "bedrock:InvokeAgent"),
    *("bedrock:InvokeModel", "bedrock:ListFoundationModels", "bedrock:ListInferenceProfiles"),
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


def is_data_action(action: str) -> bool:
    """Whether the list holds an action; IAM compares actions without case."""
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in DATA)
