"""`python -m fact_sources.limit_file` serves."""

from fact_sources.limit_file.wiring import main

if __name__ == "__main__":
    main()
