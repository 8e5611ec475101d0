"""The database: status, deployments, events. The only importer of SQLModel.

Holds nothing that Git and AWS cannot give back, except history: it may be deleted at any time, and nothing in AWS is
replaced for it. Only the controller writes it, and only `events` reads it among the commands; the rest never open it.
`store.py` is what others call; tables.py and engine.py stay in here.
"""
