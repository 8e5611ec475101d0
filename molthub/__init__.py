"""Molthub: a fleet of Moltbots on AWS ECS Fargate, from manifests in a Git repository.

The folders below are the layers of the design, told in docs/architecture.md and held by import-linter.
Nothing is imported here, so that `import molthub` costs nothing.
"""

__version__ = "0.1.0"
