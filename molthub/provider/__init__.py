"""The protocols an adapter for a cloud implements. No adapter here; AWS's is in aws/."""
