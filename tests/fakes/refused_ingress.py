"""What AWS refuses of target groups, rules, services behind them and host names: an attempt a row of the docs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.aws_objects import make_group, register, service_request
from tests.fakes.balancers import make_gates, make_listeners
from tests.fakes.simulator import ENVIRONMENT, SUBNETS, VPC, TestSimulator

Attempt = Callable[[TestSimulator], object]
ZONE = "Z0123456789ABC"
TARGET = {"Id": "10.0.0.1", "Port": 8080}


def _group(simulator: TestSimulator, name: str = "one", **changes: Any) -> str:
    request = {"Name": name, "Protocol": "HTTP", "Port": 8080, "VpcId": VPC, "TargetType": "ip"} | changes
    made = simulator.raw_client("elbv2").create_target_group(**request)
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def _listeners(simulator: TestSimulator, count: int = 1) -> list[str]:
    client = simulator.raw_client
    return [item.arn for item in make_listeners(client, SUBNETS, make_gates(client, VPC), count=count)]


def _rule(simulator: TestSimulator, listener: str, group: str, *, number: int = 1, paths: int = 1) -> str:
    values = [f"/hooks/{index}" for index in range(paths)]
    conditions = [
        {"Field": "host-header", "HostHeaderConfig": {"Values": [f"n{number}.example.com"]}},
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["POST"]}},
        {"Field": "path-pattern", "PathPatternConfig": {"Values": values}},
    ]
    forward = {"Type": "forward", "TargetGroupArn": group}
    made = simulator.raw_client("elbv2").create_rule(
        ListenerArn=listener, Priority=number, Conditions=conditions, Actions=[forward]
    )
    return str(made["Rules"][0]["RuleArn"])


def _ruled(simulator: TestSimulator, **changes: Any) -> tuple[str, str]:
    """A listener and a target group that one of its rules leads to."""
    (listener,), group = _listeners(simulator), _group(simulator, **changes)
    _rule(simulator, listener, group)
    return listener, group


def _priority(simulator: TestSimulator) -> None:
    listener, group = _ruled(simulator)
    _rule(simulator, listener, group)


def _hundred_rules(simulator: TestSimulator) -> None:
    listener, group = _ruled(simulator)
    for number in range(2, 102):
        _rule(simulator, listener, group, number=number)


def _two_balancers(simulator: TestSimulator) -> None:
    first, second = _listeners(simulator, 2)
    group = _group(simulator)
    _rule(simulator, first, group)
    _rule(simulator, second, group)


def _in_use(simulator: TestSimulator) -> None:
    _, group = _ruled(simulator)
    simulator.raw_client("elbv2").delete_target_group(TargetGroupArn=group)


def _no_rule(simulator: TestSimulator) -> None:
    (listener,) = _listeners(simulator)
    arn = f"{listener.replace(':listener/', ':listener-rule/')}/0123456789abcdef"
    simulator.raw_client("elbv2").delete_rule(RuleArn=arn)


def _no_group(simulator: TestSimulator) -> None:
    (listener,) = _listeners(simulator)
    arn = f"arn:aws:elasticloadbalancing:{ENVIRONMENT['region']}:{ENVIRONMENT['accountId']}:targetgroup/none/0"
    _rule(simulator, listener, arn)


def _service(simulator: TestSimulator, group: str, *, container: str = "gateway", port: int = 8080) -> None:
    mapped = {"portMappings": [{"containerPort": 8080}]}
    request = service_request(register(simulator, container=mapped), make_group(simulator))
    balancer = {"targetGroupArn": group, "containerName": container, "containerPort": port}
    simulator.raw_client("ecs").create_service(**request, loadBalancers=[balancer])


def _record(simulator: TestSimulator, action: str = "UPSERT", **changes: Any) -> None:
    simulator.control.seed(environments=[{**ENVIRONMENT, "hostedZoneId": ZONE, "domain": "bots.example.com"}])
    record = {"Name": "a.bots.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    wanted = {name: value for name, value in (record | changes).items() if value is not None}
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": wanted}]}
    simulator.raw_client("route53").change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch=batch)


def _nowhere(simulator: TestSimulator) -> None:
    alias = {"HostedZoneId": "Z32O12XQLNTSW2", "DNSName": "none.elb.amazonaws.com", "EvaluateTargetHealth": False}
    _record(simulator, TTL=None, ResourceRecords=None, AliasTarget=alias)


def _tags_of_many(simulator: TestSimulator) -> None:
    group = _group(simulator)
    simulator.raw_client("elbv2").describe_tags(ResourceArns=[group] * 21)


MALFORMED: dict[str, tuple[Attempt, str]] = {
    "rule-values": (lambda s: _rule(s, _listeners(s)[0], _group(s), paths=4), "ValidationError"),
    "described-tags": (_tags_of_many, "ValidationError"),
}
REFUSED: dict[str, tuple[Attempt, str]] = {
    "target-group-exists": (lambda s: (_group(s), _group(s, Port=81)), "DuplicateTargetGroupName"),
    "target-group-in-use": (_in_use, "ResourceInUse"),
    "target-group-missing": (_no_group, "TargetGroupNotFound"),
    "target-group-elsewhere": (_two_balancers, "TargetGroupAssociationLimit"),
    "rule-priority": (_priority, "PriorityInUse"),
    "rule-missing": (_no_rule, "RuleNotFound"),
    "rules-full": (_hundred_rules, "TooManyRules"),
    "service-unruled": (lambda s: _service(s, _group(s)), "InvalidParameterException"),
    "service-port": (lambda s: _service(s, _ruled(s)[1], port=81), "InvalidParameterException"),
    "service-container": (lambda s: _service(s, _ruled(s)[1], container="gate"), "InvalidParameterException"),
    "service-target-type": (lambda s: _service(s, _ruled(s, TargetType="instance")[1]), "InvalidParameterException"),
    "record-outside": (lambda s: _record(s, Name="a.example.org"), "InvalidChangeBatch"),
    "record-exists": (lambda s: (_record(s), _record(s, "CREATE")), "InvalidChangeBatch"),
    "record-cname": (
        lambda s: (_record(s), _record(s, Type="CNAME", ResourceRecords=[{"Value": "a.example.org"}])),
        "InvalidChangeBatch",
    ),
    "record-missing": (lambda s: _record(s, "DELETE"), "InvalidChangeBatch"),
    "record-differs": (
        lambda s: (_record(s), _record(s, "DELETE", ResourceRecords=[{"Value": "192.0.2.2"}])),
        "InvalidChangeBatch",
    ),
    "record-quotes": (
        lambda s: _record(s, Type="TXT", ResourceRecords=[{"Value": "plain"}]),
        "InvalidChangeBatch",
    ),
    "alias-nowhere": (_nowhere, "InvalidChangeBatch"),
}
