"""What runs on a board over its REPL, as MicroPython's source. Each prints lines; none needs a file of ours there."""

from fota_operator.board.folder import BoardFile

PART = ".part"
"""A file has this ending until all of it is there, and until every other one is there too."""

FACTS = """
import sys, gc, os, json, time
f = {"platform": sys.platform, "version": list(sys.implementation.version)[:3],
  "implementation": sys.implementation.name, "machine": getattr(sys.implementation, "_machine", ""),
  "mpy": getattr(sys.implementation, "_mpy", 0), "path": list(sys.path)}
def has(n):
    try:
        __import__(n)
        return True
    except Exception:
        return False
f["modules"] = [n for n in ("ssl", "vfs", "hashlib", "network", "esp32", "machine", "ntptime", "binascii") if has(n)]
gc.collect()
f["heap_free"] = gc.mem_free()
f["heap_bytes"] = gc.mem_free() + gc.mem_alloc()
s = os.statvfs("/")
f["block_bytes"], f["flash_bytes"], f["flash_free"] = s[0], s[0] * s[2], s[0] * s[3]
f["mounts"] = []
try:
    import vfs
    f["mounts"] = [[p, type(o).__name__] for o, p in vfs.mount()]
except Exception:
    pass
f["year"] = time.gmtime()[0]
f["ota"] = []
try:
    from esp32 import Partition
    f["ota"] = [[p.info()[4], p.info()[3]] for p in Partition.find(Partition.TYPE_APP) if p.info()[1] >= 16]
    f["running"] = Partition(Partition.RUNNING).info()[4]
except Exception:
    pass
def there(p):
    try:
        os.stat(p)
        return True
    except OSError:
        return False
f["files"] = [p for p in ("/main.py", "/fota-home/record-0", "/fota-home/record-1", "/fota-home/wifi.json",
  "/lib/fota/start.mpy", "/lib/fota/start.py", "/rom/fota/start.mpy") if there(p)]
f["thing"] = ""
try:
    with open("/fota-home/thing/thing.conf.json") as c:
        f["thing"] = json.load(c)["thingname"]
except Exception:
    pass
print(json.dumps(f))
"""
"""Prints one line of JSON: what the board is, and what is on it."""

STACK = "import micropython\nmicropython.mem_info()"
"""Prints, among other lines, how much of the C stack there is."""

TOOLS = """
import os, hashlib, binascii, gc
b = bytearray(512)
m = memoryview(b)
def look(p):
    try:
        h = hashlib.sha256()
        n = 0
        with open(p, 'rb') as f:
            while 1:
                k = f.readinto(b)
                if not k:
                    break
                h.update(m[:k])
                n += k
        return '%d %s' % (n, binascii.hexlify(h.digest()).decode())
    except OSError:
        return '-'
def folder(p):
    q = ''
    for w in p.split('/')[1:-1]:
        q += '/' + w
        try:
            os.mkdir(q)
        except OSError as e:
            if e.args[0] != 17:
                raise
def gone(p):
    try:
        os.remove(p)
    except OSError as e:
        if e.args[0] != 2:
            raise
def below(p):
    try:
        found = list(os.ilistdir(p))
    except OSError:
        return
    for one in found:
        q = p + '/' + one[0]
        if one[1] == 0x4000:
            below(q)
        else:
            print(q)
def w(t):
    f.write(binascii.a2b_base64(t))
"""
"""Defines what the other scripts use. It is run once in a session."""


def survey(paths: list[str]) -> str:
    """Prints a line for each file: its size and SHA-256, or a dash."""
    return f"for p in {paths!r}:\n print(look(p))"


def listing(folder: str) -> str:
    """Prints the path of each file below the folder."""
    return f"below({folder!r})"


def begin(path: str, *, appends: bool) -> str:
    """Opens the file that `w` writes to."""
    return f"folder({path!r})\nf = open({path!r}, {'ab' if appends else 'wb'!r})"


def piece(text: str) -> str:
    """Writes a piece of a file, in base64."""
    return f"w('{text}')"


FLUSH = "f.flush()"
"""What was written so far is on the flash: littlefs keeps nothing of a file before that."""

END = "f.close()\ngc.collect()"
"""The file is whole."""


def commit(files: list[BoardFile], stale: list[str]) -> str:
    """Gives the files their own names, all in one go. What starts the board is removed first and is there last.

    A cut anywhere in it leaves a board at its REPL, where another `put` goes on.
    """
    paths = tuple(one.path for one in files)
    return (
        f"for p in {(paths[-1], *stale)!r}:\n gone(p)\n"
        # A rename takes the place of the file that is there, in one step.
        f"for p in {paths!r}:\n os.rename(p + {PART!r}, p)\n print(p)\n"
        "if hasattr(os, 'sync'):\n os.sync()"
    )
