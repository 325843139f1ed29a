"""What the mail catcher has caught."""

import email
import email.policy
import time
from email.message import EmailMessage
from pathlib import Path


class Mail:
    """The folder of caught messages."""

    def __init__(self, folder: Path) -> None:
        """Read ``folder``."""
        self.folder = folder

    def messages(self) -> list[EmailMessage]:
        """Give every message in order of arrival; ``X-Delivered-To`` holds the addresses of the envelope."""
        files = sorted(self.folder.glob("*.eml"))
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]

    def to(self, address: str) -> list[EmailMessage]:
        """Give the messages delivered to one address."""
        return [each for each in self.messages() if address in each.get_all("X-Delivered-To", [])]

    def wait_for(self, count: int, seconds: float = 15) -> list[EmailMessage]:
        """Give the messages once there are at least ``count``. Raises AssertionError after ``seconds``."""
        deadline = time.monotonic() + seconds
        while len(found := self.messages()) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} messages after {seconds} s"
            time.sleep(0.05)
        return found

    def clear(self) -> None:
        """Forget every message."""
        for file in self.folder.glob("*.eml"):
            file.unlink()
