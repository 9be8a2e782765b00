"""The bundle: an image that holds an application with all packages that it needs. CPython only.

`contents_cpython` has the list of what a bundle holds, which the builder writes and a device reads; `tags_cpython`
says for which Python and platform a device takes one.
"""
