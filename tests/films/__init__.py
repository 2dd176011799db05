"""Tests of the room that turns pixels into pictures."""
