"""Machines: settings, database, Redis, object stores, outbox, audit trail, limited children, logs, metrics."""
