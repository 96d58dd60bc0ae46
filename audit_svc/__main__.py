"""`python -m audit_svc` serves; `python -m audit_svc migrate` brings the database up to date."""

import sys

if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        from audit_svc.migrate import main as migrate

        migrate()
    else:
        from audit_svc.wiring import main

        main()
