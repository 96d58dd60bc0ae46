"""Hub88-style provider: RSA-signed JSON, integer amounts of 1/100 000, cancels by the bet's id."""
