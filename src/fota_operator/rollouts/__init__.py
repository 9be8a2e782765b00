"""A release offered to many things, in stages with gates between them.

For programs, none of it prints:

`prepare.prepare(cloud, plan, release, keyring)`   checks all; `.stages`, `.forecast(25)`, and `.run(options, tell=…)`
`look.standing_of(cloud, name)`, `look.Looker`     how a rollout stands, once or again and again
`steer.pause`, `steer.abort`, `run.resume`         of a `steer.Rollout(cloud, name)`
`wait_gate.wait_for_gate`                          while somebody else runs it
`plan_file.read_plan`, `plan.Plan`                 plans from a file, or made in the program
"""
