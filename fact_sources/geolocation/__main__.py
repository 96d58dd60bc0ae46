"""`python -m fact_sources.geolocation` serves."""

from fact_sources.geolocation.serving import main

if __name__ == "__main__":
    main()
