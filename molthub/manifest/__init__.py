"""The typed manifests: safe parsing with places, strict pydantic models, and the JSON Schema made from them.

    yaml_text, yaml_events   bytes → plain values, or a refusal with a place
    models                   what people may write; documentation and schema are made from it
    wording                  pydantic's findings → diagnostics in our words
    checks, crosscheck       what a single model cannot say: within a document, between documents
    loader                   a tree of files → FleetDocuments
    schema, reference        models → JSON Schema and Markdown

Pure: bytes in, models and diagnostics out; no files, no Git, no AWS. Nothing here raises on bad input,
and no message repeats a value that somebody wrote.
"""
