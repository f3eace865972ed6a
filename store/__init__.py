"""The database, and the only room that knows SQL. Domain values go in and come out."""
