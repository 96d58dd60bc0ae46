"""Certifies a licensee's own wallet: numbered cases against its real door, and a signed report.

A case plays the part of Pitboss: it signs, asks, asks again, and reads what the wallet says afterwards. It needs a
sandbox with one player that nobody else uses, and brings the player's money itself, by promotional credits.
"""
