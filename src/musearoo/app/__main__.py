"""`python -m musearoo.app` is the `musearoo` command."""

from musearoo.app.cli import main

main()
