"""What changed between two versions of a document, in words and as a JSON Patch; who changed which field.

    document     a model → its plain form; what differs in meaning, field by field
    difference   two versions → words, RFC 6902 patch, fields: the one entry point for everybody who shows a change
    words        a changed field → a phrase a person would say
    action       a commit without a Molthub-Action trailer → the action it amounts to

Pure: documents in, values out; no Git, no database, no clock. A value that looks like a secret is shown nowhere: what
was in Git once is in its history for ever, and must not travel from there into a log or a table.
"""
