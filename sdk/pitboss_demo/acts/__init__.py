"""What happens on this evening beside play. Each act ends with what it has seen."""
