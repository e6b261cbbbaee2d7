"""Files the program ships with; read through importlib.resources."""
