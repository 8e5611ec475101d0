"""The database: status, deployments, events, notices. The only importer of SQLModel, Alembic and psycopg.

Holds nothing that Git and AWS cannot give back, except history: it may be deleted at any time, and nothing in AWS is
replaced for it. Only the controller writes it, and only `events` and `audit` read it among the commands; the rest never
open it. An SQLite file or a PostgreSQL database, by URL (places.py); everything else is the same for both.

`store.py` is what others call; schema.py is for `molthub db`; the rest stays in here.

To add a table or change one:
1. Write it in tables.py, or, where it is another subject's, in a module of its own whose classes extend base.Table and
   which tables.py imports (so that ALL holds them). Times are UtcDateTime, documents AnyJson, free text that comes from
   Git or AWS goes through rows.storable.
2. Add `migrations/versions/vNNNN_what_it_does.py`, one number above the newest: migrations/__init__.py says what is in
   it. Nothing else names the newest schema.
3. `python -m pytest tests/unit/state`: the steps must make what the tables say, on SQLite and on PostgreSQL.
Only the controller, when it starts, and `molthub db upgrade` bring a database up; readers take an older one as far as
it goes. What a reader asks of old tables should name the columns it needs, as Store.names does.
"""
