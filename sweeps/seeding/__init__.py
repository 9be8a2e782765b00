"""Seeded bugs: a function is addressed by its name, and a small patch is made in its syntax tree.

    bug(
        "one-attempt-too-many",
        "The attempts are compared with <=.",
        at("boot:action", replace("_1 < attempts", "_1 <= attempts")),
    )

An address is a module's short name (`addresses.MODULES`), and after a colon the function, method or class within it;
without a colon it is the whole module. A patch is one of the verbs in `verbs`; it is given snippets of Python, which
are compared with the syntax tree: white space, quotes, comments and line breaks do not count. In a snippet

    _          is any expression,
    _1, _2     are any expression, the same one wherever the number occurs again, also in what it is replaced by,
    ...        is any number of statements, elements or arguments (keywords too); once in a snippet, and then it may
               be used in what it is replaced by.

A snippet must occur exactly once below its address: otherwise the bug does not fit, which its sweep reports. Write a
snippet so that it says what matters and no more: names of locals, receivers and other arguments are best left open.

The catalogues say which bugs there are, and their sweeps say which checks must find them.
"""
