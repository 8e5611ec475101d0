"""What Molthub itself stands on: the cluster, the key, the bucket, and the two documents that bound what it may do."""

from __future__ import annotations

from dataclasses import replace

from molthub.aws.bootstrap.parts import Json, Part, attribute, output, policy, ref, resource
from molthub.aws.permissions.boundary import boundary_policy
from molthub.aws.permissions.policy import reconciler_policies
from molthub.aws.permissions.scopes import Place
from molthub.provider.bootstrap import BaseSpec
from molthub.resources.identity import EnvironmentNames

KEY_WAITING_DAYS = 30
"""The longest that KMS offers: until then a deleted key can be brought back, with everything that it encrypts."""

OLD_VERSIONS_DAYS = 30
UPLOAD_DAYS = 7


def place_of(spec: BaseSpec, names: EnvironmentNames) -> Place:
    """Where the reconciler works, as the policies' builders want it, with CloudFormation's placeholders."""
    return Place(
        partition="*",  # an account is in one; and a template has no room for eighty placeholders
        account=spec.account_id,
        region=spec.region,
        fleet=spec.fleet,
        workspace=spec.key.workspace,
        environment=spec.key.environment,
        cluster=spec.cluster or names.cluster,
        vpc_id=spec.vpc_id or "${Vpc}",
        boundary="${Boundary}",
        kms_key="${Key.Arn}",
        bucket=names.bucket,
        zone=spec.ingress.hosted_zone if spec.ingress else None,
        domain=spec.ingress.domain if spec.ingress else None,
    )


def reader_place(spec: BaseSpec, names: EnvironmentNames) -> Place:
    """The same for whoever only reads, in literals: no read names the VPC, the boundary or the key."""
    return replace(place_of(spec, names), vpc_id="*", boundary="*", kms_key=None)


def cluster(spec: BaseSpec, names: EnvironmentNames) -> Part:
    """The ECS cluster with Container Insights; an existing one is left as it is."""
    if spec.cluster is not None:
        return Part({}, {"Cluster": output(spec.cluster, "The ECS cluster")})
    made = resource(
        "AWS::ECS::Cluster",
        ClusterName=names.cluster,
        ClusterSettings=[{"Name": "containerInsights", "Value": "enabled"}],
    )
    return Part({"Cluster": made}, {"Cluster": output(ref("Cluster"), "The ECS cluster")})


def key(spec: BaseSpec, names: EnvironmentNames) -> Part:
    """The customer key of secrets, file systems, backups and flow logs."""
    made = resource(
        "AWS::KMS::Key",
        keep=True,
        Description=f"Molthub {spec.key}: secrets, file systems, backups and flow logs",
        EnableKeyRotation=True,
        PendingWindowInDays=KEY_WAITING_DAYS,
        KeyPolicy=_key_policy(spec),
    )
    alias = resource("AWS::KMS::Alias", AliasName=f"alias/{names.stack}", TargetKeyId=ref("Key"))
    outputs = {"KmsKey": output(attribute("Key", "Arn"), "Key of secrets, file systems and backups")}
    return Part({"Key": made, "KeyAlias": alias}, outputs)


def _key_policy(spec: BaseSpec) -> Json:
    """The account administers the key; it is used only through the services it is for, or by log groups of this fleet.

    Nobody, an administrator included, decrypts anything with it directly.
    """
    account = {"AWS": "arn:${AWS::Partition}:iam::" + f"{spec.account_id}:root"}
    services = [f"{name}.{spec.region}.amazonaws.com" for name in ("backup", "elasticfilesystem", "secretsmanager")]
    groups = "arn:${AWS::Partition}:logs:" + f"{spec.region}:{spec.account_id}:log-group:/molthub/{spec.fleet}/*"
    use = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    return policy(
        {
            "Sid": "Administer",
            "Effect": "Allow",
            "Principal": account,
            "Action": [
                *("kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:Describe*", "kms:DisableKey"),
                *("kms:EnableKey*", "kms:DisableKeyRotation", "kms:Get*", "kms:List*", "kms:PutKeyPolicy"),
                *("kms:RetireGrant", "kms:RevokeGrant", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion"),
                *("kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription"),
            ],
            "Resource": "*",
        },
        {
            "Sid": "UseThroughServices",
            "Effect": "Allow",
            "Principal": account,
            "Action": use,
            "Resource": "*",
            "Condition": {"StringEquals": {"kms:ViaService": services}},
        },
        {
            "Sid": "GrantToServices",
            "Effect": "Allow",
            "Principal": account,
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
        {
            "Sid": "LogGroups",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{spec.region}.amazonaws.com"},
            "Action": use,
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        },
    )


def bucket(names: EnvironmentNames) -> Part:
    """Lease and published status: no secrets, so S3's own encryption is enough, and the key need not serve S3."""
    made = resource(
        "AWS::S3::Bucket",
        keep=True,
        BucketName=names.bucket,
        VersioningConfiguration={"Status": "Enabled"},
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        BucketEncryption={
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        LifecycleConfiguration={
            "Rules": [
                {
                    "Id": "old-versions",
                    "Status": "Enabled",
                    "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_VERSIONS_DAYS},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UPLOAD_DAYS},
                }
            ]
        },
    )
    only_tls = policy(
        {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["${Bucket.Arn}", "${Bucket.Arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
    resources = {
        "Bucket": made,
        "BucketPolicy": resource("AWS::S3::BucketPolicy", Bucket=ref("Bucket"), PolicyDocument=only_tls),
    }
    return Part(resources, {"Bucket": output(ref("Bucket"), "Lease and published status")})


def boundary(spec: BaseSpec, names: EnvironmentNames) -> Part:
    """The most that any role of an instance may ever do."""
    made = resource(
        "AWS::IAM::ManagedPolicy",
        ManagedPolicyName=names.boundary,
        Path=names.role_path,
        Description=f"Molthub {spec.key}: the most that a role of a Moltbot may do",
        PolicyDocument=boundary_policy(place_of(spec, names), bucket=names.bucket),
    )
    return Part({"Boundary": made}, {"Boundary": output(ref("Boundary"), "Permissions boundary of Moltbots' roles")})


def reconciler(spec: BaseSpec, names: EnvironmentNames) -> Part:
    """The role that the controller and people assume, with exactly the permissions Molthub uses.

    Who in the account may assume it is IAM's to say (sts:AssumeRole on this role).
    """
    documents = reconciler_policies(place_of(spec, names))
    policies = {
        f"ReconcilerPolicy{number}": resource(
            "AWS::IAM::ManagedPolicy",
            ManagedPolicyName=f"{names.reconciler_role}-{number}",
            Path=names.role_path,
            Description=f"Molthub {spec.key}: what Molthub does, part {number} of {len(documents)}",
            PolicyDocument=document,
        )
        for number, document in enumerate(documents, start=1)
    }
    role = resource(
        "AWS::IAM::Role",
        RoleName=names.reconciler_role,
        Path=names.role_path,
        Description=f"Molthub {spec.key}: reads and writes what its manifests say",
        AssumeRolePolicyDocument=policy(
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:${AWS::Partition}:iam::" + f"{spec.account_id}:root"},
                "Action": "sts:AssumeRole",
            }
        ),
        ManagedPolicyArns=[ref(name) for name in policies],
    )
    outputs = {"ReconcilerRole": output(attribute("Reconciler", "Arn"), "Role to work with: spec.aws.roleArn")}
    return Part({**policies, "Reconciler": role}, outputs)
