"""Small real servers that stand in for the outside: a PostgreSQL, and later third parties."""
