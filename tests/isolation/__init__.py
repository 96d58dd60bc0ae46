"""What one studio's trouble costs the others: calm and trouble take turns in one run."""
