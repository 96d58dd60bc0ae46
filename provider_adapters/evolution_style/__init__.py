"""Evolution-style provider: live tables over JSON, a token in the query, numbers with six decimals."""
