"""Acme Slots: replace this line by what is special about the provider."""
