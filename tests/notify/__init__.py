"""Tests of the room notify."""
