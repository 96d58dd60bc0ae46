"""The only place of the compliance service that speaks SQL."""
