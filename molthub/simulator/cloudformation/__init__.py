"""CloudFormation: stacks, change sets, events over simulated time, rollback.

moto's own makes everything at once, knows no rollback and skips what it does not know. This engine makes a stack's
resources by calling the simulated account as CloudFormation calls AWS: through botocore's model, the simulator's
rules, its own engines and moto. A type that kinds/ does not know is a violation, never skipped.
"""
