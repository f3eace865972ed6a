"""Where addresses are: a geocoding service over HTTP, if one is set; how sure it is, is kept beside the place."""
