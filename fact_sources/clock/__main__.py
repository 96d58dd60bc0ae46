"""`python -m fact_sources.clock` serves."""

from fact_sources.clock.serving import main

if __name__ == "__main__":
    main()
