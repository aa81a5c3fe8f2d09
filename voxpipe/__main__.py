"""`python -m voxpipe` is the `voxpipe` command."""

import sys

from voxpipe.console.entry import main

if __name__ == "__main__":
    sys.exit(main())
