"""What goes on a board: the library as byte code, its home, and the commands that put them there by a cable."""
