"""The steps that lead from one schema to the next, the same for SQLite and PostgreSQL. Only migrate.py runs them.

A step is a module `versions/vNNNN_what_it_does.py` with

    revision = "NNNN"            # the file's number; four digits, one more than the newest
    down_revision = "MMMM"       # the number before it
    def upgrade() -> None: ...   # with `from alembic import op`; batch_alter_table for a changed table

and nothing else: no downgrade (a backup is the way back, and events are never dropped), no import of tables.py (a step
says what was so then; the tables say what is so now). All steps due run in one transaction, on both databases.

tests/unit/state/test_migrations.py holds the steps against tables.py: what they make must be what the tables say.
SQLite makes a table anew for most changes of it, which takes its triggers away: `append_only` of immutable.py puts
those of an append-only table back.
"""
