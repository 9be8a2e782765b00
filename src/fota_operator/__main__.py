"""`python -m fota_operator` is the command `fota`, also where the library is on the path and not installed."""

from fota_operator.cli.main import main

if __name__ == "__main__":
    main()
