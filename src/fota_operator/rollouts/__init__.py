"""A release that is offered to many things, in stages with gates between them.

Rooms, from the one that knows least to the one that knows most: `plan` says what to do, `decide` what a snapshot of
AWS means; both are pure. `aws` reads and writes what a rollout has in AWS. The modules here put the three together.

For programs, none of it prints:

`prepare.prepare(cloud, plan, release, keyring)`   checks all; has `.stages`, `.forecast(25)` and `.run(options)`
`look.status_of(cloud, name)`, `look.Looker`       the status of a rollout, once or again and again
`control.pause`, `control.abort`, `run.resume`     of a `control.Rollout(cloud, name)`
`watch.watch_rollout`, `watch.wait_for_gate`       while somebody else runs it
`plan_file.read_plan`, `plan.Plan`                 plans from a file, or made in the program
"""
