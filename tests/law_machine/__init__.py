"""`make law-machine`: any interleaving of bets, results, exclusions and limit changes, judged by an independent model."""
