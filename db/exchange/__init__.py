"""Out of the database and into it as a whole: dumps, another FlexMeasures, tables of pandas."""
