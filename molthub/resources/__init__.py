"""The value types of everything Molthub makes for an instance, desired and observed alike.

Pure: frozen data and functions of it, no input or output, no knowledge of manifests or of boto3.

A resource speaks of other resources by NAME, never by an id that only AWS knows: a service names its
security group, a container names its secret. The adapter translates at the edge, in both directions, so
that what should be and what is are the same type, and a plan is complete before anything exists.
"""
