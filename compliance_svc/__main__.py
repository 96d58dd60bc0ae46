"""`python -m compliance_svc` serves; `python -m compliance_svc migrate` brings the database up to date."""

import sys

if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        from compliance_svc.migrate import main as migrate

        migrate()
    else:
        from compliance_svc.wiring import main

        main()
