"""The only place of the audit service that speaks SQL, and that seals payloads."""
