"""Numbered scenarios against every provider's adapter, over its real wire, through a running mesh."""
