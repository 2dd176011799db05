"""The pictures of the docs, taken anew by one command."""
