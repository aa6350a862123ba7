"""``python -m rf_daemon``."""

from rf_daemon.main import main

if __name__ == "__main__":
    main()
