"""One module a system: a class ``System`` that does what ``system.py`` names. Run inside the system's own environment."""
