"""A release offered to many things, in stages with gates between them."""
