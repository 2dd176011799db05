"""Who is asking: sessions and their bearer tokens."""
