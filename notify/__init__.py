"""Messages to persons: what they say, and by which channel they go."""
