"""A federation's table in PostgreSQL, read and never written. psycopg is loaded by the first call."""
