"""`python -m fact_sources.activity_file` serves."""

from fact_sources.activity_file.wiring import main

if __name__ == "__main__":
    main()
