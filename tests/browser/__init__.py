"""The study browser in a real browser, on a real server."""
