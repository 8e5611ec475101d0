"""What Molthub needs of IAM: exactly the actions behind the operations it calls, and no wider than they are used.

operations.py  the table: every operation the code calls, a line each, with the scopes it is granted in
scopes.py      which objects, under which conditions; each with its reason
policy.py      the reconciler's policy documents, put together from the two
boundary.py    the most that any role of an instance may ever do, whatever its own policies say

Pure: no client is made here, and nothing is read. Every part of a name may be a literal or a CloudFormation
placeholder (`${AWS::Partition}`), so that the same builders serve the bootstrap template and the tests.
tests/unit/aws/permissions holds the table against the code and against AWS's list of actions.
"""
