"""Whole user stories on the running server."""
