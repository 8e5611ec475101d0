"""The controller: polls Git, queues instances, reconciles each through the pipeline.

No logic of its own about what should be.
"""
