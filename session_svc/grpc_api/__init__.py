"""Wire to domain and back; no rules."""
