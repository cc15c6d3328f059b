"""``python -m lossctl``: the command line."""

from lossctl.cli.main import run

if __name__ == "__main__":
    run()
