"""How the rows of each section are checked against what is stored, and written."""
