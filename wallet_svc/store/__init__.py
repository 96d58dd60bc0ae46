"""The only place of the wallet that speaks SQL."""
