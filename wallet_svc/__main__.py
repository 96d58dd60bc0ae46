"""`python -m wallet_svc` serves; `python -m wallet_svc migrate` brings the database up to date."""

import sys

if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        from wallet_svc.migrate import main as migrate

        migrate()
    else:
        from wallet_svc.wiring import main

        main()
