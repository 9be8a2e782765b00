"""The operator's side: images, jobs, things, rollouts and a local AWS, as functions; `cli` is their command line."""

from fota_operator import former_names

former_names.install()
