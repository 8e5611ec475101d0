"""`molthub demo`: the main job in six scenes, each verified by reading AWS back with plain boto3."""
