"""AWS::S3, AWS::ECS::Cluster and AWS::Backup."""

from __future__ import annotations

import json

from molthub.simulator.cloudformation.calling import Caller
from molthub.simulator.cloudformation.kinds.kind import Json, Kind, Made, Wanted
from molthub.simulator.cloudformation.state import Resource


def _create_bucket(call: Caller, wanted: Wanted) -> Made:
    name = wanted.properties.get("BucketName", wanted.generated(63).lower())
    call("s3", "CreateBucket", Bucket=name, CreateBucketConfiguration={"LocationConstraint": call.region})
    _configure(call, name, wanted)
    return name, {
        "Arn": f"arn:aws:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{call.region}.amazonaws.com",
    }


def _configure(call: Caller, name: str, wanted: Wanted) -> None:
    given = wanted.properties
    if "VersioningConfiguration" in given:
        call("s3", "PutBucketVersioning", Bucket=name, VersioningConfiguration=given["VersioningConfiguration"])
    if "OwnershipControls" in given:
        call("s3", "PutBucketOwnershipControls", Bucket=name, OwnershipControls=given["OwnershipControls"])
    if "PublicAccessBlockConfiguration" in given:
        block = given["PublicAccessBlockConfiguration"]
        call("s3", "PutPublicAccessBlock", Bucket=name, PublicAccessBlockConfiguration=block)
    if "BucketEncryption" in given:
        rules = given["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        spelled = [{"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]} for rule in rules]
        call("s3", "PutBucketEncryption", Bucket=name, ServerSideEncryptionConfiguration={"Rules": spelled})
    if "LifecycleConfiguration" in given:
        rules = [_lifecycle(rule) for rule in given["LifecycleConfiguration"]["Rules"]]
        call("s3", "PutBucketLifecycleConfiguration", Bucket=name, LifecycleConfiguration={"Rules": rules})
    if wanted.tags:
        call("s3", "PutBucketTagging", Bucket=name, Tagging={"TagSet": wanted.tag_list})


def _lifecycle(rule: Json) -> Json:
    spelled = {key: value for key, value in rule.items() if key != "Id"}
    return {"ID": rule["Id"], "Filter": {}, **spelled}


def _update_bucket(call: Caller, held: Resource, wanted: Wanted) -> None:
    _configure(call, held.id, wanted)


def _delete_bucket(call: Caller, held: Resource) -> None:
    call("s3", "DeleteBucket", Bucket=held.id)


def _put_policy(call: Caller, wanted: Wanted) -> Made:
    bucket = wanted.properties["Bucket"]
    call("s3", "PutBucketPolicy", Bucket=bucket, Policy=json.dumps(wanted.properties["PolicyDocument"]))
    return bucket, {}


def _update_policy(call: Caller, _held: Resource, wanted: Wanted) -> None:
    _put_policy(call, wanted)


def _delete_policy(call: Caller, held: Resource) -> None:
    call("s3", "DeleteBucketPolicy", Bucket=held.id)


def _create_cluster(call: Caller, wanted: Wanted) -> Made:
    name = wanted.properties.get("ClusterName", wanted.generated(255))
    tags = [{"key": key, "value": value} for key, value in sorted(wanted.tags.items())]
    settings = [{"name": item["Name"], "value": item["Value"]} for item in wanted.properties.get("ClusterSettings", ())]
    cluster = call("ecs", "CreateCluster", clusterName=name, tags=tags, settings=settings)["cluster"]
    return name, {"Arn": cluster["clusterArn"]}


def _update_cluster(call: Caller, held: Resource, wanted: Wanted) -> None:
    tags = [{"key": key, "value": value} for key, value in sorted(wanted.tags.items())]
    call("ecs", "TagResource", resourceArn=held.attributes["Arn"], tags=tags)


def _delete_cluster(call: Caller, held: Resource) -> None:
    call("ecs", "DeleteCluster", cluster=held.id)


def _create_vault(call: Caller, wanted: Wanted) -> Made:
    given = wanted.properties
    made = call(
        "backup",
        "CreateBackupVault",
        BackupVaultName=given["BackupVaultName"],
        EncryptionKeyArn=given["EncryptionKeyArn"],
        BackupVaultTags=wanted.tags,
    )
    return given["BackupVaultName"], {
        "BackupVaultArn": made["BackupVaultArn"],
        "BackupVaultName": given["BackupVaultName"],
    }


def _delete_vault(call: Caller, held: Resource) -> None:
    call("backup", "DeleteBackupVault", BackupVaultName=held.id)


KINDS: dict[str, Kind] = {
    "AWS::S3::Bucket": Kind(_create_bucket, _delete_bucket, _update_bucket, frozenset({"BucketName"}), 15),
    "AWS::S3::BucketPolicy": Kind(_put_policy, _delete_policy, _update_policy, frozenset({"Bucket"})),
    "AWS::ECS::Cluster": Kind(_create_cluster, _delete_cluster, _update_cluster, frozenset({"ClusterName"})),
    "AWS::Backup::BackupVault": Kind(
        _create_vault, _delete_vault, fixed=frozenset({"BackupVaultName", "EncryptionKeyArn"})
    ),
}
