"""The fleet: which thing runs what, read from AWS's index or thing by thing. Changes nothing."""
