"""A share: what, for whom, its limits, its passcode, and who came."""
