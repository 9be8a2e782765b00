"""The rules of every connection to AWS IoT, each with its reason; the transports are in the files beside it.

Both halves read them here, at the moment when they apply; byte code for a board contains the numbers themselves.
Where the halves differ, both values are here and the reason is beside them: a gateway has memory and a network
thread, a board has some 100 KiB and one thread.

AWS: https://docs.aws.amazon.com/general/latest/gr/iot-core.html (limits of the message broker)
"""

MAX_FILTERS = 8
"""AWS IoT takes this many filters in one SUBSCRIBE; it closes the connection for more."""

MAX_FRUITLESS = 5
"""A message is dropped after this many connections in a row without one acknowledgement."""

ASK_REFUSED_MS = (10_000, 300_000)
"""A filter that was refused is asked for again after a time that doubles from the first to the last, or up to twice
as long: the broker refuses too what comes too fast, or while something is wrong there."""

HANG_UPS_BEFORE_SEARCH = 2
"""After this number of connections in a row that ended while filters were asked for, each is asked for alone."""

ASK_FORBIDDEN_MS = (600_000, 86_400_000)
"""The same for a filter that the broker hangs up on: every time that it is asked for costs a connection."""

TELL_AGAIN_MS = 60_000
"""The first wait before a state that nobody answered for is told again; it doubles up to the last of the above."""

GRANT_WITHIN_MS = 10_000
"""From a SUBSCRIBE to its SUBACK; after that the filter is forgotten, and the caller gets an error."""

GOODBYE_WITHIN_MS = 2_000
"""For messages, their acknowledgements and the DISCONNECT together; after that the connection is closed."""

STABLE_MS = 60_000
"""A connection that lasted this long resets the back-off; one that was merely accepted does not."""

RETRY_MS = (1_000, 128_000)
"""The back-off: the ceilings of the first wait and of the longest one."""

CONNECT_EVERY_MS = 1_100
"""AWS IoT takes one CONNECT a second for each client ID, and refuses the next one; with a margin for the network."""

MOST_BETWEEN_CALLS_MS = 10_000
"""After a `connect` that failed because trying again could not help, the next one waits no longer than this."""

PUBLISH_BURST = 20
PUBLISH_EVERY_MS = 20
"""AWS IoT takes 100 messages a second on a connection, and discards more without an answer. A burst may be sent
in a row, and then one message in each interval. With the 20 at most that are repeated after a loss, no second has
more than 90."""

TURN_MS = 1_000
"""The longest wait for the network without a look at the clock."""

# Memory. On MicroPython one queue holds what waits and what is not acknowledged, and the bytes in it are bounded too.
MAX_WAITING_CPYTHON = 100
"""Messages that wait to be sent; one more is an error that the caller must handle."""

MAX_UNACKNOWLEDGED_CPYTHON = 20
"""QoS 1 messages sent and not yet acknowledged, beside those that wait; AWS IoT allows 100."""

MAX_WAITING_MICROPYTHON = 20
"""Packets that wait or are not acknowledged, all together."""

RESEND_AFTER_MS = 12_000
"""From a message to its acknowledgement; then it is sent again on the same connection, under the same number.

AWS Device Advisor withholds an acknowledgement for 15 s and waits for the message to be sent again meanwhile."""

ACKNOWLEDGE_WITHIN_MS = 60_000
"""The same, sent again or not; then the connection is closed, and the next one begins with that message."""

ASK_AGAIN_AFTER_MS = 4_000
"""From a SUBSCRIBE to its answer, and on MicroPython from an UNSUBSCRIBE; then it is sent again."""

# Each half counts from where it can: paho's connect returns after the TLS handshake, and has its own bound.
ACCEPT_WITHIN_MS_CPYTHON = 10_000
"""From the end of the TLS handshake to the last SUBACK; a broker that needs longer has a problem."""

ACCEPT_WITHIN_MS_MICROPYTHON = 30_000
"""From the look-up of the name to the last SUBACK: the handshake alone takes a microcontroller seconds."""

# AWS IoT takes 30 to 1,200. The broker hangs up after one and a half of it without a packet of ours.
KEEPALIVE_S_CPYTHON = 60
"""Paho pings once in each of these intervals, by itself."""

KEEPALIVE_S_MICROPYTHON = 120
"""A program without a network thread may be away for long; the link pings after half of it."""
