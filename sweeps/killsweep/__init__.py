"""The kill sweep kills a real device process, or makes its disk fail, at every file and socket call of an update."""
