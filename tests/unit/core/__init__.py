"""The engine's parts: group commit, lanes, dispatcher, turn, provisional text."""
