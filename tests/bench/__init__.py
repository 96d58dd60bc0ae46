"""Benchmarks as ratios taken in one run: each figure has its yardstick on the same machine, minutes apart at most."""
