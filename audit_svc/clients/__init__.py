"""The neighbours whose logs are followed, and the witnesses."""
