"""What a Moltbot's own role may be allowed at all: using data and models, and looking.

The permissions boundary that `molthub bootstrap` gives every role of an instance is made of this list, and MH-IAM-003
warns of what is not on it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

DATA: tuple[str, ...] = (
    *("athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution"),
    *("bedrock:ApplyGuardrail", "bedrock:GetFoundationModel", "bedrock:GetInferenceProfile", "bedrock:InvokeAgent"),
    *("bedrock:InvokeModel*", "bedrock:ListFoundationModels", "bedrock:ListInferenceProfiles"),
    *("bedrock:Rerank", "bedrock:Retrieve*"),
    *("cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics"),
    *("cloudwatch:ListMetrics", "cloudwatch:PutMetricData", "comprehend:Detect*"),
    *("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem"),
    *("dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PartiQL*", "dynamodb:PutItem", "dynamodb:Query"),
    *("dynamodb:Scan", "dynamodb:UpdateItem", "ec2:Describe*", "ecs:Describe*", "ecs:List*", "es:ESHttp*"),
    *("execute-api:Invoke", "firehose:PutRecord*", "glue:GetDatabase*", "glue:GetPartition*"),
    *("glue:GetTable*", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator"),
    *("kinesis:ListShards", "kinesis:PutRecord*"),
    *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
    *("lambda:InvokeFunction", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:FilterLogEvents"),
    *("logs:GetLogEvents", "logs:GetQueryResults", "logs:StartQuery", "logs:StopQuery", "polly:SynthesizeSpeech"),
    *("rds:Describe*", "rds-data:BatchExecuteStatement", "rds-data:*Transaction"),
    *("rds-data:ExecuteStatement", "rekognition:Detect*"),
    *("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectTagging", "s3:GetBucketLocation"),
    *("s3:GetObject*", "s3:ListBucket*"),
    *("s3:ListMultipartUploadParts", "s3:PutObject", "s3:PutObjectTagging", "ses:SendEmail", "ses:SendRawEmail"),
    *("sns:Publish", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueue*"),
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
"""Using data and models, and looking: what a manifest may ask for. Nothing here changes who may do what, makes code run
that is not there yet, opens anything to others, or reads from Secrets Manager; a test holds each against the
guardrail's list. But what it starts works with rights of its own (a function, a state machine, an agent of Bedrock: who
may call it may do through it what it does), and a parameter of Systems Manager can be somebody's secret. A manifest
names each of them by ARN, and that is what is to be reviewed."""


def is_data_action(action: str) -> bool:
    """Whether the list holds an action; IAM compares actions without case."""
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in DATA)
