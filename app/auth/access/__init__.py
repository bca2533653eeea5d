"""Who somebody is, who may do what with which row, and the only way from an id that a user wrote to a row."""
