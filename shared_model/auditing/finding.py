"""What a check found, line by line, and what it comes to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was checked. line: the number, from 1, of the line that it is about, None for the whole."""

    line: int | None
    what: str
    ok: bool

    def __str__(self) -> str:
        return f"{'ok' if self.ok else 'BROKEN'}  {self.placed}"

    @property
    def placed(self) -> str:
        """What was checked, after its line where it has one."""
        return self.what if self.line is None else f"line {self.line}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """All findings, in the order in which they were made. signer_known: whether the verifier brought the key."""

    findings: tuple[Finding, ...]
    signer_known: bool

    @property
    def ok(self) -> bool:
        """Whether nothing is broken; who wrote it is another question, which `verdict` answers."""
        return all(finding.ok for finding in self.findings)

    @property
    def first_broken(self) -> Finding | None:
        """The broken line with the lowest number, a whole that is broken only where no line is to blame."""
        broken = [finding for finding in self.findings if not finding.ok]
        return min(broken, key=lambda finding: (finding.line is None, finding.line or 0), default=None)

    @property
    def verdict(self) -> str:
        """What was verified, in words, as a release says it."""
        if not self.ok:
            assert self.first_broken is not None
            return f"broken: {self.first_broken.placed}"
        return "signed by the given key" if self.signer_known else "self-consistent, signer unknown"
