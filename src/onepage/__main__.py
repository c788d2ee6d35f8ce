"""`python -m onepage`: the same as the `onepage` command."""

import sys

from onepage.cli import main

if __name__ == "__main__":
    sys.exit(main())
