"""S3: buckets and objects by name. HeadObject asks for reading, HeadBucket for listing, as on AWS."""

from __future__ import annotations

from collections.abc import Mapping

from molthub.simulator.iam.asks.view import Asking
from molthub.simulator.iam.evaluator import Ask


def _on_object(action: str) -> Asking:
    return lambda view: [Ask(action, f"arn:aws:s3:::{view.params['Bucket']}/{view.params['Key']}")]


def _on_bucket(action: str) -> Asking:
    return lambda view: [Ask(action, f"arn:aws:s3:::{view.params['Bucket']}")]


ASKS: Mapping[str, Asking] = {
    "s3:DeleteObject": _on_object("s3:DeleteObject"),
    "s3:GetObject": _on_object("s3:GetObject"),
    "s3:HeadBucket": _on_bucket("s3:ListBucket"),
    "s3:HeadObject": _on_object("s3:GetObject"),
    "s3:ListObjectsV2": _on_bucket("s3:ListBucket"),
    "s3:PutObject": _on_object("s3:PutObject"),
}
