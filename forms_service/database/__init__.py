"""SQLite and PostgreSQL: engine, transactions, group commit, column types, migrations."""
