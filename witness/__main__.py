"""`python -m witness` serves."""

from witness.serving import main

if __name__ == "__main__":
    main()
