"""A whole evening in under a minute: two licensees, two studios, real traffic, faults on purpose, and the books checked."""
