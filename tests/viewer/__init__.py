"""The viewer in a real browser, on pictures whose sizes and values are known."""
