"""`python -m mesh.second_opinion` serves."""

from __future__ import annotations

from mesh.second_opinion.wiring import main

if __name__ == "__main__":
    main()
