"""Programs behind the `make` targets: generating, checking, rendering. No process imports them."""
