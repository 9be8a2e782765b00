"""The command `fota`: a thin skin over the functions of `fota_operator`, one file for each noun."""
