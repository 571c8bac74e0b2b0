"""``python -m helpers.curriculum``."""

from helpers.curriculum.cli import main

if __name__ == "__main__":
    main()
