"""What the end of a program's stderr tells: file, line and error in one short line, without a secret."""

import pytest

from fota_boot.last_words import last_words
from tests.labs.boot_lab import QUICK

IMAGE = "/home/slot-1.img"
HEAD = "Traceback (most recent call last):\n"
RUNPY = '  File "<frozen runpy>", line 198, in _run_module_as_main\n'
MAIN = f'  File "{IMAGE}/__main__.py", line 3, in <module>\n    import pump\n'
PUMP = f'  File "{IMAGE}/pump/main.py", line 12, in start\n    raise error\n    ^^^^^^\n'
JSON = '  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode\n'
CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"
CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"

# Each row: the end of stderr, and what is told.
TOLD = {
    "of the image": (
        HEAD + RUNPY + MAIN + PUMP + "RuntimeError: sensor driver missing\n",
        "pump/main.py:12: RuntimeError: sensor driver missing",
    ),
    "called by the image": (
        HEAD + MAIN + JSON + "json.decoder.JSONDecodeError: Expecting value\n",
        "__main__.py:3: json.decoder.JSONDecodeError: Expecting value",
    ),
    "of Python alone": (HEAD + JSON + "ValueError\n", "json/decoder.py:355: ValueError"),
    "of the syntax": (
        f'  File "{IMAGE}/__main__.py", line 1\n    def\n       ^\nSyntaxError: invalid syntax\n',
        "__main__.py:1: SyntaxError: invalid syntax",
    ),
    "the last of two": (
        HEAD + MAIN + "KeyError: 'a'\n" + HEAD + PUMP + "OSError: [Errno 5] I/O error\n",
        "pump/main.py:12: OSError: [Errno 5] I/O error",
    ),
    "followed by others": (
        HEAD + PUMP + "RuntimeError: gone\nbye\nException ignored in atexit\n",
        "pump/main.py:12: RuntimeError: gone",
    ),
    "of several lines": (
        HEAD + PUMP + "RuntimeError: first\n  second\nthird: line\n",
        "pump/main.py:12: RuntimeError: first",
    ),
    "with a URL": (
        HEAD + PUMP + "RuntimeError: https://s3/x?X-Amz-Signature=5ec7e7 failed\n",
        "pump/main.py:12: RuntimeError: https://s3/x?... failed",
    ),
    "with the path of a URL": (
        HEAD + PUMP + "MaxRetryError: with url: /x?X-Amz-Signature=5ec7e7 (no)\n",
        "pump/main.py:12: MaxRetryError: with url: /x?... (no)",
    ),
    "with control characters": (
        HEAD + PUMP + "RuntimeError: \x1b[31mred\x00\t\u2028x\n",
        "pump/main.py:12: RuntimeError: [31mred",
    ),
    "none": ("starts\nends\n", ""),
    "empty": ("", ""),
    "cut": (PUMP[5:] + "RuntimeError: gone\n", ""),
}


@pytest.mark.parametrize("name", TOLD)
def test_an_error_is_told_in_one_line(name):
    tail, told = TOLD[name]
    assert last_words(tail.encode(), IMAGE).error == told


def test_an_error_is_told_in_two_hundred_characters():
    error = last_words((HEAD + PUMP + "RuntimeError: " + "x " * 5000).encode(), IMAGE).error
    assert len(error) == 200
    assert error.endswith("...")


def test_bytes_that_are_no_text_are_read_all_the_same():
    assert last_words((HEAD + PUMP).encode() + b"RuntimeError: \xff\xfe\n", IMAGE).error.startswith("pump/main.py:12")


REFUSED = "ConnectionRefusedError: [Errno 111] Connection refused\n"
OF_THE_NETWORK = {
    "refused": REFUSED,
    "of the library": "aws.iot.errors.ConnectFailed: broker: not connected\n",
    "a name": "socket.gaierror: [Errno -3] Temporary failure in name resolution\n",
    "no route": "OSError: [Errno 113] No route to host\n",
    "a clock": "ssl.SSLCertVerificationError: certificate verify failed: certificate is not yet valid (_ssl.c:1)\n",
    "a context": REFUSED + CONTEXT + HEAD + MAIN + "SystemError: cannot start\n",
    "a cause": REFUSED + CAUSE + HEAD + MAIN + "RuntimeError: no broker\n",
}
OF_THE_IMAGE = {
    "an error": "RuntimeError: sensor driver missing\n",
    "a file": "OSError: [Errno 5] Input/output error\n",
    "a name like it": "RuntimeError: ConnectionRefusedError\n",
    "an authority": "ssl.SSLCertVerificationError: certificate verify failed: self-signed certificate (_ssl.c:1)\n",
    "after one that was caught": REFUSED + "goes on\n" + HEAD + MAIN + "RuntimeError: sensor\n",
}


@pytest.mark.parametrize("name", OF_THE_NETWORK)
def test_an_error_of_the_network_is_told_apart(name):
    assert last_words((HEAD + PUMP + OF_THE_NETWORK[name]).encode(), IMAGE).is_of_the_network


@pytest.mark.parametrize("name", OF_THE_IMAGE)
def test_an_error_of_the_image_is_none_of_the_network(name):
    assert not last_words((HEAD + PUMP + OF_THE_IMAGE[name]).encode(), IMAGE).is_of_the_network


# A real image.

RAISES = "def start():\n    raise RuntimeError('sensor driver missing')\nstart()"


def last_words_of(lab, script, *options):
    home = lab.provision()
    lab.put_on_trial("new", script)
    lab.start(*options, shortened=QUICK)
    lab.wait_for_start(2)
    return home.note.last_words()


def test_a_crash_is_kept_with_status_file_line_and_error(lab):
    words = last_words_of(lab, RAISES)
    assert (words["exit"], words["error"].split(":", 2)[2]) == ("1", " RuntimeError: sensor driver missing")
    assert words["error"].startswith("__main__.py:")
    assert "RuntimeError: sensor driver missing" in lab.log()


def test_a_signal_is_kept_by_its_name(lab):
    assert last_words_of(lab, "os.kill(os.getpid(), signal.SIGSEGV)") == {"exit": "SIGSEGV"}


def test_the_error_stays_on_the_device_if_that_is_wanted(lab):
    assert last_words_of(lab, RAISES, "--keep-errors") == {"exit": "1"}
