"""Every event the log knows.

Grammar: *thing:happening*, or *thing:part:happening*; lower case, words joined by hyphens. The happening is a past
participle, or a noun where the event is a state. Nothing outside this file is accepted by `log.append`. An event is
never renamed or taken out, since old entries keep it; a new one is added under its thing.
"""

import re
from typing import Final

SESSION_OPENED: Final = "session:opened"
SESSION_REFUSED: Final = "session:refused"
SESSION_STEPPED_UP: Final = "session:stepped-up"
SESSION_ENDED: Final = "session:ended"

INVITATION_MADE: Final = "invitation:made"
INVITATION_TAKEN: Final = "invitation:taken"

PERSON_ADMITTED: Final = "person:admitted"
PERSON_REMOVED: Final = "person:removed"
PERSON_CLOSED: Final = "person:closed"
PASSPHRASE_CHANGED: Final = "passphrase:changed"  # noqa: S105 - an event, not a secret
KEYS_RECOVERED: Final = "keys:recovered"

KEY_STATED: Final = "key:stated"
KEY_REFUSED: Final = "key:refused"

AGENCY_JOINED: Final = "agency:joined"
TEAM_MADE: Final = "team:made"
AGREEMENT_MADE: Final = "agreement:made"

TOKEN_MADE: Final = "token:made"  # noqa: S105 - an event, not a secret
TOKEN_ENDED: Final = "token:ended"  # noqa: S105 - an event, not a secret

CONCERN_RAISED: Final = "concern:raised"
CONCERN_AMENDED: Final = "concern:amended"

DOCUMENT_ADDED: Final = "document:added"
DOCUMENT_OPENED: Final = "document:opened"

DECISION_SIGNED: Final = "decision:signed"
DECISION_COUNTERSIGNED: Final = "decision:countersigned"
DECISION_COMPLETED: Final = "decision:completed"

RECORD_GRANT_GIVEN: Final = "record:grant:given"
RECORD_GRANT_TAKEN: Final = "record:grant:taken"
RECORD_GRANT_EXPIRED: Final = "record:grant:expired"

RECORD_OPENED: Final = "record:opened"
RECORD_OPEN_REFUSED: Final = "record:open:refused"
RECORD_OPEN_FAILED: Final = "record:open:failed"

DISCLOSURE_SENT: Final = "disclosure:sent"
DISCLOSURE_RECORDED: Final = "disclosure:recorded"
DISCLOSURE_ACKNOWLEDGED: Final = "disclosure:acknowledged"
DISCLOSURE_ANSWERED: Final = "disclosure:answered"

EMERGENCY_SHARED: Final = "emergency:shared"

LIST_SHOWN: Final = "list:shown"
SEARCH_MADE: Final = "search:made"

LOG_ASKED: Final = "log:asked"
LOG_VERIFIED: Final = "log:verified"
LOG_WHY_READ: Final = "log:why:read"

NOTICE_SENT: Final = "notice:sent"
NOTICE_FAILED: Final = "notice:failed"

REQUEST_REFUSED: Final = "request:refused"
STRANGER_REFUSED: Final = "stranger:refused"

CHASE_SENT: Final = "chase:sent"

GRAMMAR: Final = re.compile(r"[a-z]+(?::[a-z]+(?:-[a-z]+)*){1,2}")

EVENTS: Final = frozenset(value for name, value in list(vars().items()) if name.isupper() and isinstance(value, str))
