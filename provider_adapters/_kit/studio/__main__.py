"""Run python -m provider_adapters._kit.studio <name>, as a process."""

import sys

from provider_adapters._kit.config import CredentialsError
from provider_adapters._kit.studio.runner import main

_ARGUMENTS = 2

if __name__ == "__main__":
    if len(sys.argv) != _ARGUMENTS:
        sys.exit("usage: python -m provider_adapters._kit.studio <name>")
    try:
        main(sys.argv[1])
    except CredentialsError as error:
        sys.exit(str(error))
