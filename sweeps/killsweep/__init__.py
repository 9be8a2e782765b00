"""The kill sweep: a real device process is killed, or its disk fails, at every file and socket call of an update."""
