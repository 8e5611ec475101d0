"""The REST protocols: the operation found by method and address, the parameters by the model."""

from __future__ import annotations

import pytest

from molthub.simulator.rest import Address, find_operation, parameters
from molthub.simulator.wire import service_model


def _address(method: str, target: str, **headers: str) -> Address:
    path, _, query = target.partition("?")
    return Address(method, path, query, {name.replace("_", "-"): text for name, text in headers.items()})


@pytest.mark.parametrize(
    ("service", "address", "operation"),
    [
        ("s3", _address("PUT", "/bucket"), "CreateBucket"),
        ("s3", _address("PUT", "/bucket?versioning"), "PutBucketVersioning"),
        ("s3", _address("PUT", "/bucket?lifecycle"), "PutBucketLifecycleConfiguration"),
        ("s3", _address("GET", "/bucket?list-type=2&prefix=a%2F"), "ListObjectsV2"),
        ("s3", _address("GET", "/bucket?prefix=a"), "ListObjects"),
        ("s3", _address("PUT", "/bucket/a/b"), "PutObject"),
        ("s3", _address("PUT", "/bucket/a", x_amz_copy_source="bucket/b"), "CopyObject"),
        ("s3", _address("PUT", "/bucket/a?partNumber=1&uploadId=u"), "UploadPart"),
        ("s3", _address("POST", "/bucket?delete"), "DeleteObjects"),
        ("efs", _address("GET", "/2015-02-01/file-systems"), "DescribeFileSystems"),
        ("efs", _address("DELETE", "/2015-02-01/file-systems/fs-1"), "DeleteFileSystem"),
        ("backup", _address("PUT", "/backup-vaults/vault"), "CreateBackupVault"),
        ("backup", _address("GET", "/backup-vaults/vault/recovery-points/"), "ListRecoveryPointsByBackupVault"),
        ("route53", _address("POST", "/2013-04-01/hostedzone/Z1/rrset/"), "ChangeResourceRecordSets"),
        ("backup", _address("PUT", "/nowhere"), None),
    ],
)
def test_the_operation_is_told_by_method_and_address(service: str, address: Address, operation: str | None) -> None:
    assert find_operation(service_model(service), address) == operation


def test_parameters_come_from_address_query_headers_and_body() -> None:
    model = service_model("s3").operation_model("PutObject")
    address = _address("PUT", "/bucket/a%20b/c", if_none_match="*", x_amz_meta_holder="me")
    assert parameters(model, address, b"text") == (
        {"Bucket": "bucket", "Key": "a b/c", "IfNoneMatch": "*", "Metadata": {"holder": "me"}, "Body": b"text"},
        [],
    )


def test_a_body_of_xml_is_read_by_the_model_and_what_it_lacks_is_told() -> None:
    model = service_model("s3").operation_model("DeleteObjects")
    body = b"<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object><Quiet>true</Quiet><Colour/></Delete>"
    params, unknown = parameters(model, _address("POST", "/bucket?delete"), body)
    assert params == {"Bucket": "bucket", "Delete": {"Objects": [{"Key": "a"}, {"Key": "b"}], "Quiet": True}}
    assert unknown == ["Delete.Colour"]


def test_a_body_of_json_lies_beside_the_address() -> None:
    model = service_model("backup").operation_model("CreateBackupVault")
    params, unknown = parameters(model, _address("PUT", "/backup-vaults/vault"), b'{"EncryptionKeyArn": "arn"}')
    assert (params, unknown) == ({"BackupVaultName": "vault", "EncryptionKeyArn": "arn"}, [])
