"""The money rules, as pure functions over values. No clock, no network, no database."""
