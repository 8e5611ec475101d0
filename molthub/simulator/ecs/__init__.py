"""ECS for Fargate services, with a scheduler: rollouts, tasks, circuit breaker, rollback, history.

Owns all of its state and answers in the shapes of botocore's ECS model; moto has no part in it. Nothing
here knows HTTP, and time only passes when the owner of the engine says so.
"""
