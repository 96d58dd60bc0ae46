"""A whole evening in under a minute: three licensees, every studio, real traffic, faults on purpose, the books checked."""
