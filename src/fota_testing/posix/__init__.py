"""A disk that loses what was not flushed, and the file calls of POSIX on it."""
