"""Reference cases: published and independently computed numbers held against our functions.

`run_folder` reads files of the schema ``rf-quant-ref/1`` and returns a `FileReport` for each.
Which function answers a case is decided by its kind and the names of its inputs, in one table
(`registry`), never by its id or by the name of its file.
"""

from rf_testkit.reference.judge import CaseReport, FieldReport, FileReport
from rf_testkit.reference.runner import run_file, run_folder

__all__ = ["run_folder", "run_file", "FileReport", "CaseReport", "FieldReport"]
