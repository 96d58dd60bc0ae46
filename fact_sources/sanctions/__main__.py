"""`python -m fact_sources.sanctions` serves."""

from fact_sources.sanctions.serving import main

if __name__ == "__main__":
    main()
