"""The AWS adapter: reads in batches, writes idempotently. The only importer of boto3. Knows no manifest.

provider.py   `AwsProvider`, what the composition roots build
clients.py    sessions and clients; account and region checked once
api.py        the one seam through which every call goes: counted, throttled, errors translated (errors.py)
arns.py       names ↔ ARNs and ids, in both directions
members.py    every member AWS tells of a service or task definition, and what is done with it
readers/      one file per service: calls, and pure projections of the answers onto our types
writers/      one file per kind: create, adopt, update, delete
permissions/  what IAM asks for all of this: the reconciler's policy and the boundary of instances' roles
"""
