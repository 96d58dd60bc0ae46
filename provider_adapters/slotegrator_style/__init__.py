"""Slotegrator-style provider: signed forms in both directions, one address, one code for all refusals but lack of money."""
