"""The AWS adapter: reads in batches, writes idempotently. The only importer of boto3. Knows no manifest."""
