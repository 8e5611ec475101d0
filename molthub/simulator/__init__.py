"""A strict AWS on one loopback port: moto, plus what moto lacks, minus what AWS would refuse. Optional extra `demo`.

    request ─→ fault rules ─→ decode and judge by botocore's model ─→ IAM ─→ known rules ─→ ECS engine | moto ─→ answer
                                                  └─ all under one lock, every call counted ─┘

Lives here: the server, the ECS rollout engine (`ecs/`), what a role may (`iam/`), what AWS refuses and moto does not,
faults to order, the counters, the control path and its client. May import moto, botocore and werkzeug; never boto3,
and of molthub only errors and resources. It listens on the loopback address only, and its state ends with its process.
"""
