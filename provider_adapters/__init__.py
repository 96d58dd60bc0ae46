"""One process and one folder per provider. Adapters translate both ways and decide nothing about money."""
