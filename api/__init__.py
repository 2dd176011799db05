"""The only room that speaks HTTP, and the operator's commands."""
