"""``rf backtest``: run a strategy over history, keep what came of it, and doubt it.

`rf_cli.backtest.run` has the command that simulates; `looks` shows what is kept, `compare` lines
two runs up, `sweep` and `walk` run many, and `bias`, `mc` and `audit` look for luck and leaks. A
run lives in a folder of its own (`store`), whole or not at all; everything it was made of stands
in its ``config.toml`` (`spec`), which is all that it takes to repeat it.
"""
