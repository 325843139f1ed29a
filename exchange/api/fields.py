"""Fields that several requests have, each with its bounds."""

from typing import Annotated

from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=120)]
Email = Annotated[str, Meta(max_length=254, pattern=r"^[^@\s]{1,64}@[^@\s.]{1,63}(\.[^@\s.]{1,63}){1,8}$")]
Telephone = Annotated[str, Meta(max_length=30, pattern=r"^[0-9 +()-]*$")]
Code = Annotated[str, Meta(max_length=40, pattern=r"^[A-Za-z0-9_]+$")]
Passphrase = Annotated[str, Meta(max_length=200)]
Secret = Annotated[str, Meta(max_length=100)]
