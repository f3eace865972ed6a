"""One router per page: parse, call a function of the store, fill a template."""
