"""Faults on purpose: kills, damaged copies, a lying Redis, full disks, against the real server, counted in a ledger."""
