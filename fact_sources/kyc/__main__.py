"""`python -m fact_sources.kyc` serves."""

from fact_sources.kyc.serving import main

if __name__ == "__main__":
    main()
