"""Scripts in a shop's environment without starting Saleor for each (5 seconds): `python -m deploy.saleor.console` reads
one JSON object a line, `{"script": …}`, and answers with one line, `{"said": …}` or `{"failed": <traceback>}`.

A script calls `say(value)` once, with something that JSON can hold.
"""

import json
import os
import sys
import traceback
from typing import Any


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what Saleor prints is no answer
    import django

    django.setup()
    from django.db import close_old_connections, connections

    for line in sys.stdin:
        said: list[Any] = [None]
        try:
            exec(compile(json.loads(line)["script"], "script", "exec"), {"say": said.append})  # noqa: S102
            answer = {"said": said[-1]}
        except Exception:  # noqa: BLE001 - told to whoever asked
            answer = {"failed": traceback.format_exc()}
            for connection in connections.all():
                connection.close()
        close_old_connections()
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
