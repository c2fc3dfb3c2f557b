"""Alembic's entry point: runs the scripts on the connection that `schema` opened."""

from alembic import context

from musearoo.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
