"""`python -m fact_sources.register` serves."""

from fact_sources.register.wiring import main

if __name__ == "__main__":
    main()
