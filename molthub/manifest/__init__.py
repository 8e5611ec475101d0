"""The typed manifests: safe parsing with places, strict pydantic models, the JSON Schema made from them. Pure: bytes in, models and diagnostics out; no files, no Git, no AWS."""
