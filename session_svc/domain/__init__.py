"""The rules of sessions and of the catalog, as pure functions."""
