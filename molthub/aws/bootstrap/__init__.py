"""An Environment's base as a CloudFormation stack.

template.py and the parts it joins (network, endpoints, key, control, state, ingress) are pure: the same spec gives
the same text. stack.py talks to CloudFormation, quotas.py to Service Quotas. Whatever here calls AWS does so with a
person's credentials, never with the reconciler's.
"""
