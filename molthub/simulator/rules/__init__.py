"""What AWS refuses and moto does not, one module a service.

Each rule gets the world, the call and the account, before moto sees the call, and raises: MalformedRequestError for
what could never succeed (a violation), RefusalError for what this account's state forbids. docs/simulator.md lists
them, and a test walks through that list.
"""
