"""The daemon: one engine, one inbox, one door out, and process life around them.

`build.build` is the only place where things are wired. `corridor.Corridor` stamps, decides,
writes down and only then acts; `live.LiveLoop` moves it with a source and with time,
`tape.TapeLoop` with a recording. The operator's thread keeps control door, metrics and kill file
alive while the engine hangs. Start with ``uv run daemon --help``.
"""
