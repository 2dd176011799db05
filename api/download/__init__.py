"""Taking an exam along: what there is of it, as files, in one ZIP."""
