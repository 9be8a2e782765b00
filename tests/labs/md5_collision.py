"""Two messages with one MD5."""

COLLIDING = bytes.fromhex(
    "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a"
    "085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
    "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
)
"""Published by Wang, Feng, Lai and Yu in 2004, with a second message that has the same MD5."""
SAME_MD5 = bytearray(COLLIDING)
for _place in (19, 45, 59, 83, 109, 123):
    SAME_MD5[_place] ^= 0x80
