"""One use case per RPC, and the work that goes on behind them."""
