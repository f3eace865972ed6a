"""The program, where the rooms meet."""
