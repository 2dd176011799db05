"""Pixels to picture: pure functions. No clock, no network, no database."""
