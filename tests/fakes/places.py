"""Where the simulated reconciler works, as the policy's builders take it."""

from __future__ import annotations

from molthub.aws.permissions.scopes import Place
from tests.fakes.simulator import ACCOUNT, CLUSTER, REGION, VPC

FLEET = "acme-bots"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/molthub/{FLEET}/mh-acme-prod-boundary"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1b2c3d4e-0000-4000-8000-1234567890ab"
PLACE = Place(
    partition="aws",
    account=ACCOUNT,
    region=REGION,
    fleet=FLEET,
    workspace="acme",
    environment="prod",
    cluster=CLUSTER,
    vpc_id=VPC,
    boundary=BOUNDARY,
    kms_key=KEY,
    bucket="molthub-0123456789-123456789012-eu-west-1",
    zone="Z0123456789ABC",
    domain="bots.example.com",
)
