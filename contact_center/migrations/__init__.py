"""Alembic revisions, the same on SQLite and PostgreSQL. Landed ones are never edited."""
