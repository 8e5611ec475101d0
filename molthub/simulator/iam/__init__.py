"""IAM's decisions: may this principal do that, to this object, in this request?

matching.py       wildcards, ARNs and policy variables
conditions.py     the Condition element
evaluator.py      one decision: identity policies, permissions boundary, explicit deny. These three are pure
principals.py     who is calling: the role behind an access key, with its policies as they are now
asks/             what each operation asks IAM for: actions, resources, context. What is not there is denied
authorisation.py  before every call: ask, remember, refuse in AWS's words

Not emulated: resource policies, organisations, session policies, VPC endpoint policies.
"""
