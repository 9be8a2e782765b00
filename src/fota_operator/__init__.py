"""The operator's side: images, jobs, things and a local AWS, as functions; `cli` is their command line."""
