"""What each operation asks IAM for, one module a service: `ASKS` maps `service:Operation` to a function of a `View`.

An operation without a line here is denied to every session that is judged: whoever lets Molthub call something new says
here which actions AWS checks, on which objects, and with which context. Actions, resource types and condition keys are
those of AWS's service authorization reference.
"""
