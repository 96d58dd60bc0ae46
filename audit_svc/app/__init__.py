"""What the audit service does."""
