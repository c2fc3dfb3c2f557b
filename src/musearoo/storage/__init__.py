"""Stores on SQLite and PostgreSQL, migrations, and files by content."""
