"""Notifications: one signed webhook that tells when an instance fails, is blocked, drifted or recovered.

Knows neither the database nor the controller: what is to be told comes from an Outbox, which remembers it until it was
delivered. conditions.py and message.py are pure; post.py makes the request; worker.py is the thread that delivers, and
the only one that waits for a receiver.
"""
