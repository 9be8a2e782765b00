"""The power-cut sweep: it cuts the power at each operation of whole updates, and checks each recovery from outside.

Run it with `python -m sweeps.powercut`. docs/power-cuts.md says what it does, what it checks, and what it found.

The words of this package, as docs/vocabulary.md has them:

power session  the time from the return of the power to the next power cut, with any number of boots (`power_session`)
fault          what goes wrong besides the power cut: in the cloud (`scenarios`), or a destroyed copy (`damage`)
history        what has happened in a case so far and no disk remembers (`history`)
oracle         the part that decides whether a result is right, without the code under test (`oracle`, `trust`)
copy           one of the two that are kept of a small value, so that one survives an interrupted write (`seen`)
scenario       a story that is played: images, jobs, a server, and at most one fault in the cloud (`scenarios`)
family         a scenario without a fault, from which those with a fault are made (`families`)
case           a scenario and the power cuts in it, as a text that can be run again (`case`)
state          the disk with its pending writes, the cloud, the time and the history at one moment (`power_session`)
shape          which of the pending writes a power cut keeps, loses or tears (`fota_testing.posix.disk`)
invariant      a rule that the oracle checks, with a number such as I1; docs/power-cuts.md lists them
violation      an invariant that did not hold, with the case in which that was seen (`history`)
"""
