"""Replay: walk forward through a history and see what the desk would have been told, and when."""
