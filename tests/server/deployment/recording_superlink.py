"""The deployed SuperLink, which also keeps whatever nodes send: in the clear, where TLS ends.

`python -m tests.server.deployment.recording_superlink ARGUMENTS`; SOTTOVOCE_RECORDING names the file.
"""

import os
from pathlib import Path

from server.deployment import superlink_process
from server.deployment.superlink_process import FOR_NODES, Channel, Door, Scope


def keep(*lines: bytes) -> None:
    with Path(os.environ["SOTTOVOCE_RECORDING"]).open("ab") as file:
        file.writelines(line + b"\n" for line in lines)


class RecordingDoor(Door):
    async def __call__(self, scope: Scope, receive: Channel, send: Channel) -> None:
        async def heard() -> object:
            message = await receive()
            keep(message.get("body", b""))
            return message

        if not scope.get("path", "").startswith(FOR_NODES):
            await super().__call__(scope, receive, send)
            return
        keep(scope["path"].encode(), scope["query_string"], *(b": ".join(each) for each in scope["headers"]))
        await super().__call__(scope, heard, send)


if __name__ == "__main__":
    superlink_process.Door = RecordingDoor
    superlink_process.main()
