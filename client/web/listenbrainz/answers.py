"""Answers in the shapes that players know from ListenBrainz."""

from starlette.responses import JSONResponse


class Rejected(Exception):
    """A request that is not done, with a sentence for whoever reads the player's log. code: of HTTP."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code

    def answer(self) -> JSONResponse:
        """`{"code": 400, "error": "..."}`."""
        # the rest of a body that is too long is not waited for
        headers = {"Connection": "close"} if self.code == 413 else None
        return JSONResponse({"code": self.code, "error": str(self)}, status_code=self.code, headers=headers)


def ok(**more: object) -> JSONResponse:
    """`{"status": "ok"}`, and what else there is."""
    return JSONResponse({"status": "ok", **more})
