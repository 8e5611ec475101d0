"""What `molthub doctor` reads on AWS. Called with a person's credentials or the reconciler's; never by the controller.

needs.py   what the reconciler's policy grants, as questions that IAM's policy simulator takes
probes.py  molthub.provider.probes.CloudProbes
"""
