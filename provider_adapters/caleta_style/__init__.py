"""Caleta-style provider: RSA-signed JSON, integer amounts of 1/100 000, one second to answer."""
