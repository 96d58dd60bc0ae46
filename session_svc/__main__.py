"""`python -m session_svc` serves; `python -m session_svc migrate` brings the database up to date."""

import sys

if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        from session_svc.migrate import main as migrate

        migrate()
    else:
        from session_svc.wiring import main

        main()
