"""The two programs are read by type checkers, and never run."""

collect_ignore = ["user_code.py", "wrong_code.py"]
