"""The durable engine: SQLAlchemy statements that run on PostgreSQL and on SQLite."""
