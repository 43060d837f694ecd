"""`python -m asynction` is the `asynction` command."""

from asynction.cli import main

main()
