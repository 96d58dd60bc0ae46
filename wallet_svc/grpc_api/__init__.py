"""The wire: requests to commands, answers to responses. No rules."""
