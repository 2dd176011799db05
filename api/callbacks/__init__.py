"""What providers of messages report to us: results of messages, and who takes no more."""
