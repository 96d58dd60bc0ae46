"""Swipegames-style provider: HMAC-SHA256 over JSON, amounts as texts, HTTP status as the verdict, sessions instead of players."""
