"""Alembic's scripts; `musearoo.storage.schema` runs them."""
