"""What the documents say is tried here."""
