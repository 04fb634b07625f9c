"""One program each; those that are not ours are run by the interpreter of bench/.venv."""
