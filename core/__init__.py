"""Words every room uses: errors, UIDs, grants, the clock. Standard library only."""
