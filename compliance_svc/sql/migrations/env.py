"""How alembic reaches the database."""

import sqlalchemy
from alembic import context


def _run() -> None:
    engine = sqlalchemy.create_engine(context.config.attributes["url"], poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        # Two migrators at once take turns.
        connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(7460003)"))
        connection.commit()
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


_run()
