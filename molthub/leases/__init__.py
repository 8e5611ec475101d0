"""One writer an environment: a lease in a document that all of them share, and what its holder publishes beside it.

`record` and `published` are the documents' shapes; `lease` is one process's part in one lease, as a state machine
with its clock given; `keeper` renews it in a thread. Nothing here knows a cloud: a provider gives SharedDocuments.
"""
