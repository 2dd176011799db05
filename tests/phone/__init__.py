"""The phone pages in a real browser at a phone's size, on a real server; and what was built for the mini-programs."""
